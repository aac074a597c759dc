"""Who acts: a citizen, an official, an agency's machine, or the system itself."""

from collections.abc import Iterable
from enum import StrEnum

from chalicelib.domain.errors import ForbiddenError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.terms import Role
from chalicelib.domain.value import value


class ActorKind(StrEnum):
    """The four kinds of hand behind an event."""

    CITIZEN = "citizen"
    OFFICIAL = "official"
    AGENCY = "agency"
    SYSTEM = "system"


@value(frozen=True, slots=True)
class Actor:
    """`id` is opaque: an account number or a keyed hash, never a name."""

    kind: ActorKind
    id: str
    agency: AgencyCode | None = None
    roles: frozenset[Role] = frozenset()
    instead_of: AgencyCode | None = None  # whose decisions this leader overrides just now

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" + (f"@{self.agency}" if self.agency else "")

    def may_act_for(self, agency: AgencyCode, roles: Iterable[Role]) -> bool:
        """Whether this is an official of `agency` with one of `roles`, or decides in its place."""
        if self.instead_of is not None and agency == self.instead_of:
            return True
        return (
            self.kind is ActorKind.OFFICIAL
            and self.agency == agency
            and not self.roles.isdisjoint(roles)
        )

    def leads(self, agencies: Iterable[AgencyCode]) -> bool:
        """Whether this is a leader of one of `agencies` (a unit and those above it)."""
        return any(self.may_act_for(agency, [Role.LEADER]) for agency in agencies)

    def require(self, agencies: Iterable[AgencyCode], *roles: Role) -> None:
        """Raise ForbiddenError unless this official of one of `agencies` has one of `roles`."""
        if not any(self.may_act_for(agency, roles) for agency in agencies):
            raise ForbiddenError("decision.not_yours")


SYSTEM = Actor(ActorKind.SYSTEM, "motcua")
