"""Where a dossier is, for whoever may know: with the tracking secret, the owner, officials."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import LegKind, Role
from chalicelib.domain.value import value
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.decide import concerns


@value(frozen=True, slots=True)
class Track:
    """`secret` comes with the header, `caller` is a keyed hash of where the request came from."""

    dossier: DossierCode
    secret: str
    caller: str


@value(frozen=True, slots=True)
class Tracked:
    """The dossier and its history; what of it is shown is the entrypoint's to say.

    `notes` are free texts by event number, read for the owner only: to whom some are written.
    """

    dossier: Dossier
    events: list[Event]
    notes: Mapping[int, str]


def track_dossier(command: Track, actor: Actor | None, deps: Deps) -> Tracked:
    """Raise NotFoundError for a wrong secret as for an unknown code; ThrottledError after many."""
    if actor is None:
        _check_secret(command, deps)
    dossier = deps.records.load(command.dossier, context(deps))
    if actor is not None:
        require_seen(dossier, actor)
    owns = actor is not None and Role.CITIZEN in actor.roles
    notes = deps.records.notes(command.dossier) if owns else {}
    return Tracked(dossier, deps.records.events(command.dossier), notes)


def _check_secret(command: Track, deps: Deps) -> None:
    deps.throttle.check(command.caller)
    expected = deps.keys.tracking_secret(command.dossier)
    if not hmac.compare_digest(expected.encode(), command.secret.encode()):
        deps.throttle.count(command.caller)
        raise NotFoundError("dossier.not_found")


def may_see(dossier: Dossier, actor: Actor) -> bool:
    """The owner and the submitter; officials concerned; auditors."""
    if Role.CITIZEN in actor.roles:
        return actor.id in (dossier.owner, dossier.submitter)
    return Role.AUDITOR in actor.roles or concerns(dossier, actor)


def require_seen(dossier: Dossier, actor: Actor) -> None:
    """Raise NotFoundError: whoever may not see a dossier does not learn that it exists."""
    if not may_see(dossier, actor):
        raise NotFoundError("dossier.not_found")


@value(frozen=True, slots=True)
class Holder:
    """Who holds it now, since when, until when."""

    holder: str
    leg: Leg
    since: datetime
    due: datetime | None


def holders(dossier: Dossier) -> list[Holder]:
    """The running legs, each with its holder."""
    return [
        Holder(leg.holder, leg, leg.clock.since or leg.opened_at, dossier.due(leg))
        for leg in dossier.running()
    ]


def asked_in(found: Tracked, slip: Leg) -> Event:
    """The event that asked for it: what is faulty, and (as its note) in which words."""
    return next(event for event in found.events if event.data.get("slip") == slip.n)


def open_slips(dossier: Dossier) -> list[Leg]:
    """The supplement slips the citizen has not answered yet; parallel legs may each have one."""
    return [leg for leg in dossier.running() if leg.kind is LegKind.SUPPLEMENT]
