"""One scene for each decision: how far the dossier must be, who decides, with which arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.entrypoints.town import (
    DESK,
    HEAD,
    LAND,
    LAND_LEADER,
    LAND_OFFICER,
    LEADER,
    OFFICER,
    POLICE,
    TAX_OFFICER,
    WARD_OFFICE,
    Filed,
    Story,
    Town,
    checks,
)

LIMIT: Final = {"amount": 1, "unit": "working_days"}
SOON: Final = "2026-10-09T17:00:00+07:00"

Given = Callable[[Town], dict[str, Any]]


def at_land_office(town: Town) -> Filed:
    """A transfer of land, with the first unit of its route."""
    return town.at_unit(LAND)


def land_settled(town: Town) -> Filed:
    """Paid and registered: the certificate waits at the desk."""
    filed = town.at_payment()
    town.decided(filed, DESK, "record_payment", amount=1_000_000, receipt="BL-1")
    town.decided(filed, LAND_OFFICER, "complete", result=town.upload(LAND_OFFICER))
    return filed


def nothing(_town: Town) -> dict[str, Any]:
    """No arguments."""
    return {}


def with_reason(_town: Town) -> dict[str, Any]:
    """Why."""
    return {"reason": "Có lý do."}


def with_result(town: Town) -> dict[str, Any]:
    """A file that is there."""
    return {"result": town.upload(OFFICER)}


def with_note(_town: Town) -> dict[str, Any]:
    """What was said."""
    return {"note": "Đã trao đổi."}


def asks_office(_town: Town) -> dict[str, Any]:
    """Whom, and until when."""
    return {"agency": WARD_OFFICE, "limit": LIMIT, "reason": "Có thuộc thẩm quyền không?"}


def on_ground(_town: Town) -> dict[str, Any]:
    """A ground of the procedure."""
    return {"ground": "dispute", "reason": "Có đơn tranh chấp."}


def consulted(town: Town) -> Filed:
    """The desk has asked a unit and not decided yet."""
    filed = town.submit()
    town.decided(filed, DESK, "consult", **asks_office(town))
    return filed


def suspended(town: Town) -> Filed:
    """At the land office, whose leader has suspended it."""
    filed = at_land_office(town)
    town.decided(filed, LAND_LEADER, "suspend", **on_ground(town))
    return filed


@dataclass(frozen=True)
class Scene:
    """`account` takes `action` after `story`; `leads_to` is the status and stage after it."""

    action: str
    story: Story
    account: str
    given: Given
    leads_to: tuple[str, str]
    rises: int = 1  # the dossier's `rev`, by which others notice

    def __str__(self) -> str:
        return f"{self.action}-{self.story.__name__}-{self.account}"


SCENES: Final = (
    Scene("accept", Town.submit, DESK, nothing, ("accepted", "Department")),
    Scene("refuse", Town.submit, DESK, with_reason, ("refused", "Closed")),
    Scene("refuse", Town.at_unit, OFFICER, with_reason, ("settled", "Return")),
    Scene(
        "request_supplement",
        Town.submit,
        DESK,
        lambda _: {"checks": checks("section:mother")},
        ("supplement_requested", "Supplement"),
    ),
    Scene("receive", Town.at_unit, OFFICER, nothing, ("processing", "Department")),
    Scene("receive", Town.at_unit, HEAD, nothing, ("processing", "Department")),
    Scene("receive", Town.at_tax, TAX_OFFICER, nothing, ("processing", "InterAgency")),
    Scene("decline_receipt", Town.at_unit, OFFICER, with_reason, ("processing", "Intake")),
    Scene(
        "assign",
        Town.at_unit,
        HEAD,
        lambda _: {"officer": OFFICER},
        ("accepted", "Department"),
    ),
    Scene(
        "hand_over",
        at_land_office,
        LAND_OFFICER,
        lambda _: {"note": "Đã thẩm định."},
        ("processing", "InterAgency"),
    ),
    Scene("send_back", Town.at_unit, OFFICER, with_reason, ("processing", "Intake")),
    Scene("complete", Town.at_unit, OFFICER, with_result, ("settled", "Return")),
    Scene(
        "request_agency",
        Town.at_unit,
        OFFICER,
        lambda _: {"agency": POLICE, "limit": LIMIT, "reason": "Xác minh."},
        ("processing", "InterAgency"),
    ),
    Scene(
        "record_payment",
        Town.at_payment,
        DESK,
        lambda _: {"amount": 1_000_000, "receipt": "BL-01/2026"},
        ("processing", "Department"),
    ),
    Scene(
        "extend",
        at_land_office,
        LAND_LEADER,
        lambda _: {"limit": LIMIT, "reason": "Xã miền núi."},
        ("accepted", "Department"),
    ),
    Scene(
        "apologise",
        Town.at_unit,
        DESK,
        lambda _: {"reason": "Xin lỗi.", "promised_at": SOON, "unit": WARD_OFFICE},
        ("accepted", "Department"),
    ),
    Scene("consult", Town.submit, DESK, asks_office, ("submitted", "Intake")),
    Scene("answer_consultation", consulted, OFFICER, with_note, ("submitted", "Intake")),
    Scene("suspend", at_land_office, LAND_LEADER, on_ground, ("processing", "Department")),
    Scene("resume", suspended, LAND_LEADER, nothing, ("processing", "Department")),
    Scene("stop", Town.at_unit, LEADER, with_reason, ("stopped", "Closed")),
    Scene("contact", Town.settled, DESK, with_note, ("settled", "Return"), rises=0),
    Scene("return", Town.settled, DESK, nothing, ("returned", "Closed")),
)
ONE_OF_EACH: Final = {scene.action: scene for scene in SCENES}
