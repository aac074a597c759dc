"""Where dossiers are when a version is replaced: every status, stage and event of this one.

Each scene is played once, by the version that is recorded, and kept for ever. So nothing here is
changed when a later version is recorded; scenes are added.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.domain.event import stamp
from tests.entrypoints import town as t
from tests.entrypoints.town import Filed, Town
from tests.upgrades.province import Province

SHUT: Final = "http://127.0.0.1:9/hooks"  # nobody listens there
PADDING: Final = "ờ" * 190


def submitted(at: Province) -> Filed:
    """Filed online; its execution waits for the desk."""
    return at.town.submit()


def filed_a_moment_ago(at: Province) -> Filed:
    """Nobody has heard of it yet: no execution, no token."""
    at.asleep = True
    return at.town.submit()


def decided_a_moment_ago(at: Province) -> Filed:
    """Accepted, while its execution still waits for the desk."""
    filed = at.town.submit()
    at.asleep = True
    at.town.decided(filed, t.DESK, "accept")
    return filed


def handed_over_a_moment_ago(at: Province) -> Filed:
    """The message to the agency is written and not sent."""
    filed = at.town.at_unit(t.LAND)
    at.asleep = True
    at.town.decided(filed, t.LAND_OFFICER, "hand_over")
    return filed


def submitted_with_a_large_form(at: Province) -> Filed:
    """The form lies in the bucket."""
    answers = t.answers(t.BIRTH)
    for person in ("mother", "father"):
        answers[person] |= {"residence": PADDING}
    answers["child"] |= {"place_of_birth": PADDING, "home_town": PADDING[:150]}
    person = {**t.PERSON, "address": PADDING}
    return at.town.submit(answers=answers, owner=person, submitter=person)


def filed_at_the_counter(at: Province) -> Filed:
    """The desk files it for somebody: other limits, another owner."""
    body = at.town.submission(t.LAND, channel="counter")
    answer = at.town.post("/dossiers", body, t.DESK)
    assert answer.status == 201, answer.content
    return Filed(answer.body["code"], answer.body["secret"])


def not_answered_in_time(at: Province) -> Filed:
    """The desk has let the time for its answer pass."""
    filed = at.town.submit()
    at.later(days=3)
    return filed


def asked_before_acceptance(at: Province) -> Filed:
    """The citizen has the slip, and one reminder."""
    filed = at.town.asked()
    at.later(days=16)
    return filed


def supplemented(at: Province) -> Filed:
    """Two versions of the form; the intake began anew."""
    filed = at.town.asked()
    at.later(days=1)
    _supplement(at.town, filed)
    return filed


def refused_at_the_desk(at: Province) -> Filed:
    """Over before it began."""
    filed = at.town.submit()
    at.town.decided(filed, t.DESK, "refuse", reason="Không thuộc thẩm quyền.")
    return filed


def expired_before_acceptance(at: Province) -> Filed:
    """The slip was never answered: refused by time."""
    filed = at.town.asked()
    at.later(days=40)
    return filed


def withdrawn_at_once(at: Province) -> Filed:
    """By the citizen."""
    filed = at.town.submit()
    _withdraw(at.town, filed)
    return filed


def accepted(at: Province) -> Filed:
    """Handed over to the first unit, which has not received it."""
    return at.town.at_unit()


def received_and_assigned(at: Province) -> Filed:
    """An official works on it."""
    filed = at.town.at_unit()
    at.town.decided(filed, t.OFFICER, "receive")
    at.town.decided(filed, t.HEAD, "assign", officer=t.OFFICER)
    return filed


def declined(at: Province) -> Filed:
    """The unit did not take it over: the desk looks again."""
    filed = at.town.at_unit()
    at.town.decided(filed, t.OFFICER, "decline_receipt", reason="Thiếu hai trang.")
    return filed


def sent_back(at: Province) -> Filed:
    """The unit found a fault after it had received it."""
    filed = at.town.at_unit()
    at.later(minutes=50)
    at.town.decided(filed, t.OFFICER, "send_back", reason="Giấy chứng sinh bị mờ.")
    return filed


def asked_after_acceptance(at: Province) -> Filed:
    """Sent back, and the citizen has the slip; the unit's clock and the dossier's rest."""
    filed = sent_back(at)
    checks = t.checks("paper:birth_notification")
    at.town.decided(filed, t.DESK, "request_supplement", checks=checks)
    return filed


def stopped(at: Province) -> Filed:
    """That slip was never answered: stopped by time."""
    filed = asked_after_acceptance(at)
    at.later(days=40)
    return filed


def overdue(at: Province) -> Filed:
    """Every rung has heard; the citizen, too; the desk has a task."""
    filed = at.town.at_unit()
    at.later(days=8)
    return filed


def apologised(at: Province) -> Filed:
    """Late, with a promised new date."""
    filed = overdue(at)
    _apologise(at, filed)
    return filed


def promise_lapsed(at: Province) -> Filed:
    """The new date was not kept, either: the leader has a task."""
    filed = apologised(at)
    at.later(days=4)
    return filed


def extended(at: Province) -> Filed:
    """More time on a legal ground; the dossier's due time moved with it."""
    filed = at.town.at_unit(t.LAND)
    at.town.decided(filed, t.LAND_OFFICER, "receive")
    limit = {"amount": 2, "unit": "working_days"}
    at.town.decided(filed, t.LAND_LEADER, "extend", limit=limit, reason="Xã miền núi.")
    return filed


def agency_outside_the_route(at: Province) -> Filed:
    """A unit has asked the police, and waits."""
    filed = at.town.at_unit()
    limit = {"amount": 2, "unit": "working_days"}
    more = {"agency": t.POLICE, "limit": limit, "shares": ["section:child"]}
    at.town.decided(filed, t.OFFICER, "request_agency", reason="Xác minh nơi cư trú.", **more)
    return filed


def agency_asked(at: Province) -> Filed:
    """The tax office has it and has been told."""
    return at.town.at_tax()


def agency_warned(at: Province) -> Filed:
    """It is late there: reminded, then told that it is overdue."""
    filed = at.town.at_tax()
    at.later(days=6)
    return filed


def agency_not_reached(at: Province) -> Filed:
    """Its door is shut: the message has failed twice and will be tried again."""
    at.agencies_are_at(SHUT)
    filed = at.town.at_tax()
    at.later(seconds=10)
    at.reconcile()
    return filed


def agency_given_up_on(at: Province) -> Filed:
    """The last try has failed: a dead letter."""
    at.agencies_are_at(SHUT)
    filed = at.town.at_tax()
    for _ in range(10):
        at.later(days=1, hours=3)
        at.reconcile()
    return filed


def agency_progressed(at: Province) -> Filed:
    """It says that it works on it."""
    filed = at.town.at_tax()
    _answered(at.town, filed, outcome="progress", note="Đang xác minh.")
    return filed


def agency_found_it_incomplete(at: Province) -> Filed:
    """Its one slip is with the unit that asked it."""
    filed = at.town.at_tax()
    _answered(at.town, filed, outcome="incomplete", items=["paper:certificate"], note="Mờ.")
    return filed


def agency_refused(at: Province) -> Filed:
    """Refused on the merits there: the desk hands out the refusal."""
    filed = at.town.at_tax()
    _answered(at.town, filed, outcome="refused", note="Không đủ điều kiện.")
    return filed


def to_pay(at: Province) -> Filed:
    """The citizen owes the tax, and has paid a part."""
    filed = at.town.at_payment()
    at.town.decided(filed, t.DESK, "record_payment", amount=400_000, receipt="BL-01/2026")
    return filed


def paid(at: Province) -> Filed:
    """Back at the land office, which registers it."""
    filed = to_pay(at)
    at.town.decided(filed, t.DESK, "record_payment", amount=600_000, receipt="BL-02/2026")
    return filed


def side_by_side(at: Province) -> Filed:
    """Police and insurance hold it at once."""
    filed = at.town.at_unit(t.LINKED)
    at.town.decided(filed, t.OFFICER, "complete", result=at.town.upload(t.OFFICER))
    return filed


def part_returned(at: Province) -> Filed:
    """Two results are handed out; the independent leg goes on."""
    filed = side_by_side(at)
    _answered(at.town, filed, 3, t.POLICE, outcome="completed", result=at.town.upload(t.OFFICER))
    at.town.decided(filed, t.DESK, "return")
    return filed


def withdrawn_from_agencies(at: Province) -> Filed:
    """Two agencies' legs were cut short; one answered too late, which is filed."""
    filed = side_by_side(at)
    _withdraw(at.town, filed)
    _answered(at.town, filed, 4, t.INSURANCE, outcome="completed", result=at.town.upload(t.OFFICER))
    return filed


def refused_on_the_merits(at: Province) -> Filed:
    """By a unit: settled with a refusal, which waits at the desk."""
    filed = at.town.at_unit()
    at.town.decided(filed, t.OFFICER, "refuse", reason="Không đủ căn cứ.")
    return filed


def settled(at: Province) -> Filed:
    """The certificate waits at the desk, and nobody has come for a week."""
    filed = at.town.settled()
    at.later(days=8)
    return filed


def returned(at: Province) -> Filed:
    """To the very end, with everybody told."""
    filed = paid(at)
    at.town.decided(filed, t.LAND_OFFICER, "complete", result=at.town.upload(t.LAND_OFFICER))
    fee = at.town.dossier(filed.code)
    at.town.decided(filed, t.DESK, "record_payment", amount=fee.dues - fee.paid, receipt="BL-3")
    at.town.decided(filed, t.DESK, "return")
    return filed


def second_generation(at: Province) -> Filed:
    """Its execution was lost, and a successor leads it."""
    filed = at.town.at_tax()
    at.settle()
    at.machine.vanish(f"{filed.code}.g1")
    at.later(days=3)
    at.reconcile(everything=True)
    return filed


Scene = Callable[[Province], Filed]
SCENES: Final[dict[str, Scene]] = {
    scene.__name__: scene
    for scene in (
        submitted,
        filed_a_moment_ago,
        decided_a_moment_ago,
        handed_over_a_moment_ago,
        submitted_with_a_large_form,
        filed_at_the_counter,
        not_answered_in_time,
        asked_before_acceptance,
        supplemented,
        refused_at_the_desk,
        expired_before_acceptance,
        withdrawn_at_once,
        accepted,
        received_and_assigned,
        declined,
        sent_back,
        asked_after_acceptance,
        stopped,
        overdue,
        apologised,
        promise_lapsed,
        extended,
        agency_outside_the_route,
        agency_asked,
        agency_warned,
        agency_not_reached,
        agency_given_up_on,
        agency_progressed,
        agency_found_it_incomplete,
        agency_refused,
        to_pay,
        paid,
        side_by_side,
        part_returned,
        withdrawn_from_agencies,
        refused_on_the_merits,
        settled,
        returned,
        second_generation,
    )
}


# -- what people do


def _supplement(town: Town, filed: Filed) -> None:
    section = {"child": t.answers(t.BIRTH)["child"]}
    body = {"rev": town.rev(filed.code), "answers": section}
    answer = town.post(f"/dossiers/{filed.code}/supplement", body, t.CITIZEN)
    assert answer.status == 200, answer.content


def _withdraw(town: Town, filed: Filed) -> None:
    body = {"rev": town.rev(filed.code), "reason": "Tôi đổi ý."}
    answer = town.post(f"/dossiers/{filed.code}/withdraw", body, t.CITIZEN)
    assert answer.status == 200, answer.content


def _apologise(at: Province, filed: Filed) -> None:
    new: datetime = at.clock.at + timedelta(days=2)
    more: dict[str, Any] = {"promised_at": stamp(new), "unit": t.WARD_OFFICE}
    at.town.decided(filed, t.DESK, "apologise", reason="Cán bộ vắng mặt.", **more)


def _answered(town: Town, filed: Filed, leg: int = 3, agency: str = t.TAX, **given: object) -> None:
    answer = town.call_back(filed, leg, agency, **given)
    assert answer.status == 200, answer.content
