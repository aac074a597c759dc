"""Who calls: every role, nobody at all, and an agency that signs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.entrypoints.api import (
    batch,
    callbacks,
    decisions,
    dossiers,
    procedures,
    uploads,
)
from tests.entrypoints.scenes import SCENES, Scene
from tests.entrypoints.town import (
    AUDITOR,
    BIRTH,
    CITIZEN,
    DESK,
    HEAD,
    LAND_LEADER,
    LAND_OFFICER,
    LEADER,
    OFFICER,
    TAX_OFFICER,
    WARD_DESK,
    Filed,
    Story,
    Town,
    answers,
    file_body,
)

CALLERS: Final[Mapping[str, str]] = {  # the role, and the account it signs in with
    "anonymous": "",
    "citizen": CITIZEN,
    "desk": DESK,
    "officer": OFFICER,
    "head": HEAD,
    "leader": LEADER,
    "auditor": AUDITOR,
    "agency": "",
}

# Officials of other units who play a part in a scene, by their role.
ROLES: Final = {account: name for name, account in CALLERS.items() if account} | {
    LAND_OFFICER: "officer",
    TAX_OFFICER: "officer",
    LAND_LEADER: "leader",
}

Values = dict[str, Any]


@dataclass(frozen=True)
class Good:
    """A request that is carried out: made after `story` by an account of the role `caller`."""

    story: Story
    caller: str
    account: str
    body: Callable[[Town, Filed], Values]


def _decision(scene: Scene) -> Good:
    def body(town: Town, filed: Filed) -> Values:
        return {"action": scene.action, "rev": town.rev(filed.code), **scene.given(town)}

    return Good(scene.story, ROLES[scene.account], scene.account, body)


def _of(story: Story, caller: str, **given: object) -> Good:
    return Good(story, caller, CALLERS[caller], lambda _town, _filed: dict(given))


def _at_rev(story: Story, caller: str, **given: object) -> Good:
    def body(town: Town, filed: Filed) -> Values:
        return {"rev": town.rev(filed.code), **given}

    return Good(story, caller, CALLERS[caller], body)


def _submission(caller: str, channel: str = "online") -> Good:
    def body(town: Town, _filed: Filed) -> Values:
        return town.submission(channel=channel)

    return Good(Town.submit, caller, CALLERS[caller], body)


def _batch(caller: str) -> Good:
    def body(town: Town, _filed: Filed) -> Values:
        good, bad = (town.submission(channel="counter") for _ in range(2))
        return {"items": [good, bad | {"papers": []}]}

    return Good(Town.submit, caller, CALLERS[caller], body)


def tax_waits(town: Town) -> Filed:
    """The tax office has asked back; its leg waits for the land office."""
    filed = town.at_tax()
    town.call_back(filed, outcome="incomplete", items=["section:parcel"])
    return filed


def guessed(town: Town) -> Filed:
    """Somebody has tried ten wrong secrets."""
    filed = town.at_unit()
    for _ in range(10):
        town.get(f"/dossiers/{filed.code}", secret="a" * 22)
    return filed


_SUPPLEMENT: Final = {"answers": {"child": answers(BIRTH)["child"]}}
GOOD: Final[Mapping[str, tuple[Good, ...]]] = {
    dossiers.submit.__name__: (
        _submission("citizen"),
        _submission("desk", channel="counter"),
    ),
    batch.submit_batch.__name__: (_batch("desk"),),
    dossiers.supplement.__name__: (
        _at_rev(Town.asked, "citizen", **_SUPPLEMENT),
        _at_rev(Town.asked, "desk", **_SUPPLEMENT),
    ),
    dossiers.withdraw.__name__: (
        _at_rev(Town.asked, "citizen", reason="Thôi."),
        _at_rev(Town.at_tax, "desk"),
    ),
    decisions.decide_on.__name__: tuple(_decision(scene) for scene in SCENES),
    uploads.promise_file.__name__: tuple(
        _of(Town.submit, caller, **file_body()) for caller in ("citizen", "desk", "officer", "head")
    ),
    callbacks.upload_for_leg.__name__: (_of(Town.at_tax, "agency", **file_body()),),
    callbacks.answer_for_leg.__name__: (
        _of(Town.at_tax, "agency", outcome="completed", amount=1_000_000),
        _of(Town.at_tax, "agency", outcome="incomplete", items=["section:parcel"]),
        _of(Town.at_tax, "agency", outcome="refused", note="Không."),
        _of(Town.at_payment, "agency", outcome="progress"),  # too late: filed
        _of(tax_waits, "agency", outcome="completed"),  # too early: refused
    ),
    "make_token": tuple(_of(Town.submit, caller, account=DESK) for caller in CALLERS),
}
SEEN: Final = (  # how far a dossier has come that is read
    Town.submit,
    Town.asked,
    Town.at_unit,
    Town.at_tax,
    Town.at_payment,
    Town.settled,
    guessed,
)
CODES: Final[Mapping[str, Values]] = {  # of procedures in the catalogue
    procedures.read_procedure.__name__: {"code": BIRTH},
    procedures.list_versions.__name__: {"code": BIRTH},
    procedures.read_version.__name__: {"code": BIRTH, "number": 1},
}
QUERIES: Final[Mapping[str, Values]] = {
    "search_procedures": {"q": "khai sinh", "agency": WARD_DESK, "limit": 1},
    "read_worklist": {"queue": "work", "limit": 1},
    "read_the_register": {"limit": 1},
}
