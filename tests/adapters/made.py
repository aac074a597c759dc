"""Dossiers and changes to store, made by the domain itself."""

from datetime import datetime, timedelta

from chalicelib.domain import citizen, desk
from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.delivery import deliveries
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.ids import DossierCode, PersonRef, ProcedureCode
from chalicelib.domain.milestones import next_wake
from chalicelib.domain.terms import Channel, Role
from chalicelib.ports import Change, ContextOf, Form
from tests.simulator import sample

NOW = sample.at("2026-10-05T08:00:00")
VERSIONS = {version.code: version for version in sample.procedures()}
DIRECTORY = sample.directory()
PERSON = Actor(ActorKind.CITIZEN, "person-1", roles=frozenset({Role.CITIZEN}))
OFFICIAL = Actor(ActorKind.OFFICIAL, "OF-1", sample.DESK, frozenset({Role.DESK}))
FORM = Form(1, {"full_name": "A"}, {"full_name": "A"}, {"person": {"z": 1, "a": None}}, ())


def context(now: datetime = NOW) -> ContextOf:
    return lambda code, _version: Context(now, VERSIONS[code], DIRECTORY)


def submitted(code: str = "S1.1-261005-0001", procedure: str = "birth") -> Dossier:
    """A new dossier, not stored yet."""
    filing = citizen.Filing(
        desk=sample.DESK,
        channel=Channel.ONLINE,
        owner=PersonRef("person-1"),
        submitter=PersonRef("person-1"),
        answers={},
    )
    version = context()(ProcedureCode(procedure), 1)
    return citizen.submit(version, PERSON, DossierCode(code), filing)


def change(dossier: Dossier, **more: object) -> Change:
    """What `commit` of the use cases would store."""
    woke_at, events = dossier.wake_at, dossier.finish(next_wake)
    more.setdefault("deliveries", deliveries(dossier, events))
    return Change(dossier=dossier, events=events, woke_at=woke_at, **more)  # type: ignore[arg-type]


def accepted(dossier: Dossier, hours: int = 1, number: int = 1) -> Dossier:
    """The desk accepts it, some hours after it came."""
    dossier.ctx = context(NOW + timedelta(hours=hours))(dossier.procedure, 1)
    desk.accept(dossier, OFFICIAL, number=number)
    return dossier
