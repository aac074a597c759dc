"""A small API of its own, with one route for each thing that the framework does."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from chalice.app import Chalice
from pydantic import BaseModel, Field, StringConstraints

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.errors import (
    ConflictError,
    Error,
    FaultsError,
    ForbiddenError,
    NotFoundError,
    RuleError,
    StaleError,
    ThrottledError,
    TransitionError,
    UnavailableError,
)
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.terms import Role
from chalicelib.entrypoints.http.answering import Answer
from chalicelib.entrypoints.http.api import PREFIX, Api
from chalicelib.entrypoints.http.auth import public, secret_or_signed_in, signed_in, webhook
from chalicelib.entrypoints.http.messages import Messages
from chalicelib.entrypoints.http.problem import RefusedError
from chalicelib.entrypoints.http.route import IDEMPOTENCY_KEY, Request, Wire
from chalicelib.entrypoints.http.router import Routes

MESSAGES: Final = Messages(Path(__file__).parent / "messages")
KEY: Final = {"Idempotency-Key": "0123456789abcdef"}
LEAK: Final = "số 049090000001"  # what a bug might carry, and nobody may read
DESK: Final = Actor(ActorKind.OFFICIAL, "OF-0001", AgencyCode("H15.1"), frozenset({Role.DESK}))
HEAD: Final = Actor(ActorKind.OFFICIAL, "OF-0002", AgencyCode("H15.1"), frozenset({Role.HEAD}))
PEOPLE: Final = {"desk": DESK, "head": HEAD}

things = Routes("things")


class Kind(StrEnum):
    SOFT = "soft"
    HARD = "hard"


class Part(Wire):
    """One part."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=5)]


class ThingBody(Wire):
    """What a thing is made of."""

    kind: Kind
    weight: Annotated[int, Field(ge=1, le=100, description="In kg.")]
    parts: Annotated[list[Part], Field(max_length=2, default_factory=list)]


class ThingQuery(Wire):
    """All of it may be left out."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many.")] = 50
    kinds: Annotated[list[Kind], Field(max_length=2, default_factory=list)]
    heavy: bool | None = None
    like: Kind | int | None = None


class ThingAnswer(Wire):
    """A thing."""

    id: str
    seen: Mapping[str, Any] = {}


class FailBody(Wire):
    """Which error the handler raises."""

    name: str


ERRORS: Final[Mapping[str, Exception]] = {
    "missing": NotFoundError("thing.not_found"),
    "forbidden": ForbiddenError("thing.not_yours"),
    "conflict": ConflictError("thing.conflict"),
    "stale": StaleError("thing.stale", rev=7),
    "rule": RuleError("thing.too_heavy", pointer="/weight", most=5),
    "transition": TransitionError("thing.transition", to="x"),
    "faults": FaultsError(
        "request.invalid",
        [("/parts/0", "field.missing", {}), ("/weight", "thing.too_heavy", {"most": 5})],
    ),
    "throttled": ThrottledError("thing.throttled", retry_after=30),
    "unavailable": UnavailableError("thing.unavailable", retry_after=60),
    "unknown": Error("thing.no_row_in_the_table"),
    "refused": RefusedError(401, "auth.invalid"),
    "bug": ValueError(LEAK),
}


@things.get("/things", auth=public(), query=ThingQuery, answer=ThingAnswer, cache="max-age=60")
def list_things(request: Request[None, ThingQuery]) -> ThingAnswer:
    """List things."""
    return ThingAnswer(id="all", seen=request.query.model_dump(mode="json"))


@things.post(
    "/things",
    auth=signed_in(Role.DESK),
    body=ThingBody,
    answer=ThingAnswer,
    status=201,
    headers=(IDEMPOTENCY_KEY,),
    errors=(409,),
    most_bytes=2000,
)
def make_thing(request: Request[ThingBody]) -> ThingAnswer:
    """Make a thing.

    It weighs what it weighs.
    """
    seen = {"key": request.idempotency_key, "weight": request.body.weight}
    return ThingAnswer(id=request.person.id, seen=seen)


@things.get(
    "/things/{number}",
    auth=secret_or_signed_in(),
    types={"number": Annotated[int, Field(ge=1, le=999)]},
    answer=ThingAnswer,
)
def read_thing(request: Request) -> ThingAnswer:
    """Read a thing."""
    who = request.actor.id if request.actor else request.secret
    return ThingAnswer(id=str(request.path["number"]), seen={"who": who})


@things.post("/fail", auth=public(), body=FailBody, answer=None, errors=(401, 403, 404, 409, 429))
def fail(request: Request[FailBody]) -> None:
    """Raise what was asked for."""
    raise ERRORS[request.body.name]


@things.post("/hooks/{hook}", auth=webhook(), body=ThingBody, answer=ThingAnswer)
def take_hook(request: Request[ThingBody]) -> ThingAnswer:
    """Answer a machine."""
    return ThingAnswer(id=request.path["hook"], seen={"raw": request.raw.decode()})


@things.post("/notes", auth=public(), body=FailBody | None, answer=None, status=204)
def note(request: Request[FailBody | None]) -> None:
    """Take a note, or none."""


@things.get("/table", auth=public(), answer=str, media=("text/csv", "application/pdf"))
def read_table(request: Request) -> Answer:  # noqa: ARG001 - takes nothing
    """A table that is not JSON."""
    return Answer(b"\xff\x00", media="application/pdf", headers={"Content-Disposition": "inline"})


def identify(token: str) -> Actor | None:
    """A token is the name of one of `PEOPLE`."""
    return PEOPLE.get(token)


def app() -> Chalice:
    """The sample as Lambda would get it."""
    made = Chalice("sample", configure_logs=False)
    Api(identify, MESSAGES).mount(made, things)
    return made


class Reply(BaseModel):
    """An answer of the app; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json_body(self) -> Any:
        return json.loads(self.text)

    @property
    def faults(self) -> list[tuple[str, str]]:
        """Pointers and codes of a problem."""
        return [(each["pointer"], each["code"]) for each in self.json_body["errors"]]


def call(
    method: str,
    path: str,
    *,
    route: str = "",
    given: object = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, list[str]] | None = None,
    event: Mapping[str, object] | None = None,
) -> Reply:
    """Call the app with the event that API Gateway would make; `route` where it has parameters."""
    route = route or path
    names, values = route.split("/"), path.split("/")
    pairs = zip(names, values, strict=True)
    sent = {"Content-Type": "application/json"} if given is not None else {}
    made = {
        "headers": sent | dict(headers or {}),
        "multiValueQueryStringParameters": query,
        "pathParameters": {name[1:-1]: value for name, value in pairs if name.startswith("{")},
        "stageVariables": None,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": PREFIX + route,
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": given if given is None or isinstance(given, str) else json.dumps(given),
        "isBase64Encoded": False,
    }
    answer = app()(made | dict(event or {}), None)
    lowered = {name.lower(): value for name, value in answer["headers"].items()}
    return Reply(status=answer["statusCode"], headers=lowered, text=answer["body"])


def bearer(name: str) -> dict[str, str]:
    """The header that signs in as one of `PEOPLE`."""
    return {"Authorization": f"Bearer {name}"}


def check(reply: Reply, status: int, code: str) -> None:
    """A refusal as the contract has it (RFC 9457)."""
    assert (reply.status, reply.json_body["status"]) == (status, status)
    assert reply.json_body["code"] == code
    assert reply.json_body["type"] == f"urn:motcua:problem:{code}"
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"
