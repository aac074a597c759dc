"""What people read: complete in both languages, and filled where it is used."""

import json
import string
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import pytest

from catalogue.read import Catalogue
from chalicelib.adapters.forms import JsonSchemaForms
from chalicelib.domain.procedure import DEFAULT_LADDERS, OFFICIAL_LADDER, PROMISE_LAPSED
from chalicelib.domain.terms import (
    Channel,
    EventType,
    LegKind,
    ResultKind,
    Role,
    Rung,
    Stage,
    Status,
)
from chalicelib.entrypoints.http import faults
from chalicelib.entrypoints.http.messages import FOLDER, Language, Messages
from chalicelib.use_cases.decide import ACTIONS
from chalicelib.use_cases.list_worklist import Rag
from tests.catalogue import source_codes

WORDS: Mapping[str, type[StrEnum]] = {
    "status": Status,
    "stage": Stage,
    "event": EventType,
    "role": Role,
    "rung": Rung,
    "leg": LegKind,
    "channel": Channel,
    "result": ResultKind,
    "rag": Rag,
}
# The gateway answers these; no line of ours raises them.
BY_THE_GATEWAY = {405, 431, 500, 501, 503}
# The HTTP handlers and the callback's check of signatures answer these.
BY_HANDLERS = {"callback.signature_invalid", "callback.timestamp_expired", "internal", "throttled"}
ANNOTATIONS = {"$schema", "title", "description", "properties", "items", "if", "then", "else"}


def _read(language: Language) -> dict[str, str]:
    texts: dict[str, str] = json.loads(
        (FOLDER / f"{language}.json").read_text("utf-8"), object_pairs_hook=_once
    )
    return texts


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    texts = dict(pairs)
    assert len(texts) == len(pairs), "a key is written twice"
    return texts


VI, EN = _read(Language.VI), _read(Language.EN)


def _params(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _missing(keys: Iterable[str]) -> set[str]:
    return set(keys) - VI.keys()


# -- the two files


def test_both_languages_have_the_same_keys() -> None:
    """A key in one file only would show people its code."""
    assert VI.keys() == EN.keys()


@pytest.mark.parametrize("key", VI)
def test_both_languages_say_the_same(key: str) -> None:
    """A parameter in one language only is a fact that the other's reader never learns."""
    assert _params(VI[key]) == _params(EN[key])
    assert VI[key].strip() == VI[key] != ""
    assert EN[key].strip() == EN[key] not in {"", VI[key]}


@pytest.mark.parametrize("text", [*VI.values(), *EN.values()])
def test_texts_are_normal_and_their_parameters_plain(text: str) -> None:
    """Decomposed letters break search and fonts; a format would raise where a value is missing."""
    assert unicodedata.is_normalized("NFC", text)
    for _, name, form, conversion in string.Formatter().parse(text):
        assert name is None or (name.isidentifier() and not form and not conversion)


# -- errors


def test_the_search_for_codes_finds_them() -> None:
    """A search that found nothing would prove everything below."""
    found = {each.code for each in source_codes.raised()}
    assert len(found) > 50
    assert found >= {"leg.choose_one", "leg.not_running", "auth.role", "request.too_large"}


@pytest.mark.parametrize("raised", source_codes.raised(), ids=lambda each: each.where)
def test_every_error_raised_has_a_sentence_it_can_fill(raised: source_codes.Raised) -> None:
    """A code without text, or `{braces}` left in it, is what a citizen would have to act on."""
    assert raised.code in VI
    assert _params(VI[raised.code]) <= raised.params


@pytest.mark.parametrize("language", Language)
def test_errors_are_sentences(language: Language) -> None:
    """A citizen is told what is wrong and what to do, in whole sentences."""
    texts = _read(language)
    for code in {each.code for each in source_codes.raised()} | faults.CODES | BY_HANDLERS:
        assert texts[code].endswith("."), code
        assert texts[code][0].isupper() or texts[code].startswith("{"), code


def test_every_fault_of_a_field_has_a_sentence() -> None:
    """The table of pydantic's errors decides which parameters there are."""
    assert not _missing(faults.CODES | BY_HANDLERS)
    given: dict[str, set[str]] = {}
    for code, names in faults._CODES.values():
        given.setdefault(code, set(names.values())).intersection_update(names.values())
    for code in faults.CODES:
        assert _params(VI[code]) <= given.get(code, set()), code


FORM_FAULTS: tuple[tuple[dict[str, Any], object], ...] = (
    ({"required": ["b"]}, {}),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    ({"additionalProperties": False}, {"a": 1}),
    ({"unevaluatedProperties": False}, {"a": 1}),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}),
    ({"minProperties": 1}, {}),
    ({"maxProperties": 0}, {"a": 1}),
    ({"properties": {"a": False}}, {"a": 1}),
    ({"type": "integer"}, "a"),
    ({"const": 1}, 2),
    ({"enum": [1]}, 2),
    ({"anyOf": [{"type": "string"}]}, 2),
    ({"oneOf": [{"type": "string"}]}, 2),
    ({"not": {}}, 2),
    ({"minimum": 3}, 2),
    ({"exclusiveMinimum": 2}, 2),
    ({"maximum": 1.5}, 2),
    ({"exclusiveMaximum": 2}, 2),
    ({"multipleOf": 0.5}, 2.3),
    ({"minLength": 2}, "a"),
    ({"maxLength": 0}, "a"),
    ({"pattern": "^a$"}, "b"),
    ({"format": "date"}, "2026-13-01"),
    ({"minItems": 1}, []),
    ({"maxItems": 0}, [1]),
    ({"uniqueItems": True}, [1, 1]),
    ({"contains": {"type": "string"}}, [1]),
    ({"unevaluatedItems": False}, [1]),
)


@pytest.mark.parametrize(("schema", "answer"), FORM_FAULTS, ids=lambda each: str(each)[:30])
def test_every_fault_of_a_form_is_put_into_words(
    schema: dict[str, Any], answer: object, shipped: Catalogue
) -> None:
    """Officials write schemas with any keyword, and citizens read what the form says no with."""
    form = {"properties": {"a": schema}}
    version = replace(shipped.procedures[0], version=len(str(form)), form=form)
    [fault] = JsonSchemaForms().faults(version, {"a": answer})
    told = [Messages().text(fault.code, each, fault.params) for each in Language]
    assert fault.code not in told  # which is what one gets where nobody wrote a sentence
    for language in Language:
        assert "{" not in Messages().text(fault.code, language, fault.params)


def _keywords(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in schema if name not in ANNOTATIONS and not name.startswith("x-"))
    for inner in schema.get("properties", {}).values():
        yield from _keywords(inner)
    for name in {"items", "if", "then", "else"} & schema.keys():
        yield from _keywords(schema[name])


def test_every_keyword_of_the_shipped_forms_has_a_sentence(shipped: Catalogue) -> None:
    """The forms people fill in first must not answer in codes."""
    used = {name for version in shipped.procedures for name in _keywords(version.form)}
    assert used > {"pattern", "maxLength", "required"}
    assert not _missing(f"form.{name}" for name in used)


def test_every_status_has_a_title() -> None:
    """The title is the first line of every refusal."""
    used = source_codes.statuses()
    assert used > {401, 404, 409, 422}
    assert not _missing(f"title.{status}" for status in used | BY_THE_GATEWAY)


# -- words


@pytest.mark.parametrize(("family", "members"), WORDS.items())
def test_every_term_has_a_word(family: str, members: type[StrEnum]) -> None:
    """A term that is added to the domain must come with its Vietnamese."""
    assert not _missing(f"{family}.{member.value}" for member in members)


def test_every_action_and_task_has_a_word() -> None:
    """They are buttons and headings of an official's screen."""
    assert source_codes.tasks() == {"apologise", "call"}
    assert not _missing(f"action.{name}" for name in ACTIONS)
    assert not _missing(f"task.{name}" for name in source_codes.tasks())


def test_every_milestone_has_a_word(shipped: Catalogue) -> None:
    """The timeline names what passed, also where a procedure has its own ladder."""
    ladders = [*DEFAULT_LADDERS.values(), OFFICIAL_LADDER, (PROMISE_LAPSED,)]
    legs = [leg for each in shipped.procedures for step in each.route for leg in step.legs]
    marks = {mark.code for ladder in ladders for mark in ladder}
    marks |= {mark.code for leg in legs for mark in leg.ladder}
    assert not _missing(f"milestone.{code}" for code in marks)
