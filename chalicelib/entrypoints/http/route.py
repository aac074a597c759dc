"""One declared route: everything that is known of it before a request comes."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import NoneType
from typing import Annotated, Any, ClassVar, Final, Generic, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter
from typing_extensions import TypeVar

from chalicelib.domain.actor import Actor
from chalicelib.domain.value import value
from chalicelib.entrypoints.http.answering import Answer
from chalicelib.entrypoints.http.auth import SECRET_HEADER, SIGNATURE_HEADERS, Auth, Scheme
from chalicelib.entrypoints.http.incoming import Edge
from chalicelib.entrypoints.http.messages import Language

Body = TypeVar("Body", default=None)
Query = TypeVar("Query", default=None)

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$")]
MOST_BYTES: Final = 1024 * 1024  # of a body; files never pass through the API

_PART: Final = re.compile(r"[a-z0-9][a-z0-9._-]*|\{[a-z][a-z0-9_]*\}")


class Wire(BaseModel):
    """Base of what is read and answered: nothing unknown, nothing changed afterwards."""

    # Built when first used: a cold start answers one request, not every kind of them.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    added: ClassVar[frozenset[str]] = frozenset()  # fields that an earlier version did not know

    def sent(self) -> dict[str, Any]:
        """What tells two requests apart; the same for a request that an earlier version took."""
        content = self.model_dump(mode="json")
        fields = type(self).model_fields
        same = {name for name in self.added if getattr(self, name) == fields[name].default}
        return {name: value for name, value in content.items() if name not in same}


@value(frozen=True, slots=True)
class Header:
    """A header a route takes; `pattern` is matched against the whole value."""

    name: str
    pattern: str
    description: str
    required: bool = True


IDEMPOTENCY_KEY: Final = Header(
    "Idempotency-Key",
    r"[A-Za-z0-9_-]{8,64}",
    "Makes a repeated request answer the same result; another body under the same key is a 409.",
)
DOSSIER_SECRET: Final = Header(
    "X-Dossier-Secret", r"[A-Za-z0-9_-]{8,128}", "The secret of the dossier.", required=False
)
_SIGNATURE_SHAPES: Final = {"webhook-timestamp": r"[1-9][0-9]{8,10}"}  # a moment has one spelling
SIGNATURE: Final = tuple(
    Header(name, _SIGNATURE_SHAPES.get(name, r"[\x21-\x7e ]{1,1024}"), "Standard Webhooks 1.0.")
    for name in SIGNATURE_HEADERS
)


@value(frozen=True, slots=True)
class Request(Generic[Body, Query]):
    """What a handler gets: all of it checked against what the route declared.

    `path` has the declared types; `headers` holds the declared ones that came, by lower-case
    name; `raw` is the body as it was sent (what a webhook signs); `caller` is the network
    address, `edge` what came with it (see `edge.address_of`), and both are only ever used hashed.
    """

    body: Body
    query: Query
    path: Mapping[str, Any]
    headers: Mapping[str, str]
    raw: bytes
    actor: Actor | None
    language: Language
    correlation_id: str
    caller: str
    edge: Edge | None = None

    @property
    def idempotency_key(self) -> str:
        """Empty where the route does not ask for one."""
        return self.headers.get("idempotency-key", "")

    @property
    def secret(self) -> str:
        """The dossier's secret; empty when the caller signed in instead."""
        return self.headers.get(SECRET_HEADER, "")

    @property
    def person(self) -> Actor:
        """The actor of a route that only takes people who are signed in."""
        if self.actor is None:
            raise LookupError("the route does not require sign-in")
        return self.actor


Handler = Callable[[Request[Any, Any]], Answer | BaseModel | None]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method and path, who may call it, what it takes and what it answers."""

    method: str
    path: str
    auth: Auth
    handler: Handler
    tag: str = ""
    types: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    query: type[BaseModel] | None = None
    headers: Sequence[Header] = ()
    answer: Any = None
    status: int = 200
    media: Sequence[str] = ()
    errors: Sequence[int] = ()
    cache: str = "no-store"
    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        if not all(_PART.fullmatch(part) for part in self.path.split("/")[1:]):
            raise ValueError(
                f"a part of {self.path} is neither a literal nor a whole {{parameter}}"
            )
        if unknown := set(self.types) - set(self.parameters):
            raise ValueError(f"{self.path} has no {min(unknown)}")

    def load(self) -> "Route":
        """It is here already."""
        return self

    @property
    def operation(self) -> str:
        """The handler's name; unique, since clients are generated from it."""
        return self.handler.__name__

    @cached_property
    def parameters(self) -> Sequence[str]:
        """Names of the path's parameters, in order."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @cached_property
    def path_types(self) -> Mapping[str, TypeAdapter[Any]]:
        """How each parameter of the path is checked."""
        return {name: TypeAdapter(self.types.get(name, Slug)) for name in self.parameters}

    @cached_property
    def body_type(self) -> TypeAdapter[Any]:
        """How the body is checked."""
        return TypeAdapter(self.body)

    @property
    def takes_body(self) -> bool:
        """Whether a body was declared."""
        return self.body is not None

    @property
    def body_required(self) -> bool:
        """Whether it may not be left out (`X | None` may)."""
        return self.takes_body and NoneType not in get_args(self.body)

    @cached_property
    def all_headers(self) -> Sequence[Header]:
        """The declared ones, and those that the way of signing in brings along."""
        if self.auth.scheme is Scheme.SECRET_OR_SIGNED_IN:
            return (*self.headers, DOSSIER_SECRET)
        return (*self.headers, *SIGNATURE) if self.auth.scheme is Scheme.WEBHOOK else self.headers

    @cached_property
    def refusals(self) -> frozenset[int]:
        """Every status above 399 that it may answer with; a test holds it to that."""
        found = {400, 500, *self.errors}
        if self.takes_body:
            found |= {413, 415, 422}
        if self.parameters:
            found.add(404)
        if self.auth.scheme is not Scheme.PUBLIC:
            found.add(401)
        if self.auth.scheme in {Scheme.SIGNED_IN, Scheme.SECRET_OR_SIGNED_IN}:
            found.add(503)
        if self.auth.roles:
            found.add(403)
        return frozenset(found)
