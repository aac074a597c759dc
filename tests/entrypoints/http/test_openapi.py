"""The contract: valid, complete, the same every time, and true to the routes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.core.result import Ok

from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.openapi import document
from chalicelib.entrypoints.http.route import Request
from chalicelib.entrypoints.http.router import Routes
from tests.entrypoints.http.sample import ThingAnswer, things

GOLDEN = Path(__file__).parent / "openapi.golden.json"
IN_GOLDEN = {"list_things", "make_thing"}


@pytest.fixture
def contract() -> dict[str, Any]:
    return document(things)


def references(part: object) -> Iterator[str]:
    """Every `$ref` below."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    if isinstance(part, list):
        for value in part:
            yield from references(value)


def operation(contract: dict[str, Any], name: str) -> dict[str, Any]:
    found = [each for path in contract["paths"].values() for each in path.values()]
    return next(each for each in found if each["operationId"] == name)


def parameter(contract: dict[str, Any], operation_id: str, name: str) -> dict[str, Any]:
    found = operation(contract, operation_id)["parameters"]
    return next(each for each in found if each["name"] == name)


def test_it_is_openapi(contract: dict[str, Any]) -> None:
    """Agencies generate their clients from it; one mistake and none of them is made."""
    OpenAPIV31SpecValidator(contract).validate()


def test_every_reference_leads_somewhere(contract: dict[str, Any]) -> None:
    """The meta schema does not look where a reference goes."""
    found = set(references(contract))
    schemas = {f"#/components/schemas/{name}" for name in contract["components"]["schemas"]}
    assert found
    assert found <= schemas


def test_another_tool_reads_it(contract: dict[str, Any]) -> None:
    """The fuzzer that is run on the API must find every operation."""
    schema = schemathesis.openapi.from_dict(contract)
    found = []
    for each in schema.get_all_operations():
        assert isinstance(each, Ok), each
        found.append(each.ok().definition.raw["operationId"])
    assert sorted(found) == sorted(route.operation for route in things)


def test_it_is_the_same_every_time(contract: dict[str, Any]) -> None:
    """A difference between two releases must be a difference of the contract."""
    assert json.dumps(document(things)) == json.dumps(contract)


def test_golden() -> None:
    """Whoever changes what clients see, sees it in review.

    After a change that is meant, write `document` of the routes in `IN_GOLDEN` to the file.
    """
    made = document(route for route in things if route.operation in IN_GOLDEN)
    assert made == json.loads(GOLDEN.read_text("utf-8"))


def test_every_refusal_stands_in_it(contract: dict[str, Any]) -> None:
    """A client handles what it was told of."""
    for route in things:
        answers = operation(contract, route.operation)["responses"]
        assert set(answers) == {str(route.status), *map(str, route.refusals)}
        for status in route.refusals:
            schema = answers[str(status)]["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_how_to_sign_in(contract: dict[str, Any]) -> None:
    """Nothing declared at all would mean: unknown."""
    security = {
        route.operation: operation(contract, route.operation)["security"] for route in things
    }
    assert security["list_things"] == []
    assert security["make_thing"] == [{"bearer": []}]
    assert security["read_thing"] == [{"secret": []}, {"bearer": []}]
    assert security["take_hook"] == [{"webhook": []}]
    assert operation(contract, "make_thing")["x-roles"] == ["desk"]


def test_a_repeatable_parameter_brings_its_values_along(contract: dict[str, Any]) -> None:
    """An enumeration inside a list is a reference in pydantic's schema, to a place left behind."""
    schema = parameter(contract, "list_things", "kinds")["schema"]
    assert schema["items"]["enum"] == ["soft", "hard"]


def test_a_parameter_of_several_kinds_keeps_them(contract: dict[str, Any]) -> None:
    """Without `null`, which no query can hold."""
    schema = parameter(contract, "list_things", "like")["schema"]
    assert [kind["type"] for kind in schema["anyOf"]] == ["string", "integer"]
    assert parameter(contract, "list_things", "heavy")["schema"] == {"type": "boolean"}


def test_a_parameter_says_its_default_and_what_it_is(contract: dict[str, Any]) -> None:
    """Who leaves `limit` out must know how many come."""
    found = parameter(contract, "list_things", "limit")
    assert found["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert found["description"] == "How many."
    assert found["required"] is False


def test_an_answer_without_a_body(contract: dict[str, Any]) -> None:
    """A 204 with content is a contradiction that some clients wait on."""
    assert "content" not in operation(contract, "note")["responses"]["204"]


def test_an_answer_that_is_not_json(contract: dict[str, Any]) -> None:
    """Each media type it comes in."""
    content = operation(contract, "read_table")["responses"]["200"]["content"]
    assert content == {
        "text/csv": {"schema": {"type": "string"}},
        "application/pdf": {"schema": {"type": "string"}},
    }


def test_a_handlers_docstring_explains_it(contract: dict[str, Any]) -> None:
    """The contract is all the documentation that most clients read."""
    made = operation(contract, "make_thing")
    assert (made["summary"], made["description"]) == ("Make a thing.", "It weighs what it weighs.")


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [("/things", "other", "GET /things"), ("/other", "list_things", "called list_things")],
)
def test_a_place_and_a_name_are_taken_once(path: str, name: str, words: str) -> None:
    """The second would silently push the first out of the contract, and out of clients."""

    def handler(request: Request) -> ThingAnswer:
        raise NotImplementedError

    handler.__name__ = name
    more = Routes("more")
    more.get(path, auth=public(), answer=ThingAnswer)(handler)
    with pytest.raises(ValueError, match=words):
        document([*things, *more])
