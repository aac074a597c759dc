"""Messages to agencies: sent anew, held back, and sent later."""

import pytest

from catalogue.load import set_webhook
from chalicelib import bootstrap
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.ids import AgencyCode, DeliveryId
from infra.operate import agencies
from tests import aws
from tests.entrypoints import town as t
from tests.entrypoints.served import WEBHOOK_SECRET, WEBHOOKS, forget
from tests.operate.conftest import Operator, events_of, messages_of, play
from tests.upgrades import scenes
from tests.upgrades.province import Province


def test_messages_that_were_given_up(made: Province, operator: Operator) -> None:
    """Under their old ids; those that were taken are not sent again."""
    code = play(made, scenes.agency_given_up_on)
    dead = [name for name, state in messages_of(code).items() if state is DeliveryState.DEAD]
    assert dead
    found = operator.asks("replay", "messages", code, "--yes")
    assert found["sent_for"] == len(dead)
    assert {found["messages"][name] for name in dead} == {"delivered"}
    assert set(dead) <= set(made.agencies._inbox)
    assert operator.asks("replay", "messages", code, "--yes", code=1)["sent_for"] == 0
    assert operator.logged()[0][:2] == (
        "replay messages",
        {"which": code, "count": str(len(dead))},
    )


@pytest.mark.parametrize(
    "words", [["--all"], ["--agency", t.TAX], ["--agency", f" {t.TAX.lower()}"]], ids=" ".join
)
def test_all_messages_that_were_given_up(
    words: list[str], made: Province, operator: Operator
) -> None:
    """Of an agency that was down for a week, or of all."""
    code = play(made, scenes.agency_given_up_on)
    assert operator.asks("replay", "messages", *words, "--yes")["delivered"] >= 1
    assert DeliveryState.DEAD not in messages_of(code).values()


def test_another_agencys_messages_stay(made: Province, operator: Operator) -> None:
    """Who is down and who is back are two agencies."""
    code = play(made, scenes.agency_given_up_on)
    assert operator.asks("replay", "messages", "--agency", t.POLICE, "--yes", code=1)
    assert DeliveryState.DEAD in messages_of(code).values()


def test_messages_that_an_agency_lost(made: Province, operator: Operator) -> None:
    """It restored a backup: what was delivered since then is sent once more."""
    code = play(made, scenes.agency_asked)
    made.agencies._inbox.clear()
    found = operator.asks("replay", "messages", code, "--delivered", "--yes")
    assert found["messages"] == {f"{code}.3.3": "delivered"}
    assert set(made.agencies._inbox) == {f"{code}.3.3"}


def test_messages_that_fail_again_stay_in_work(made: Province, operator: Operator) -> None:
    """They are tried for three days more, as at first."""
    code = play(made, scenes.agency_given_up_on)
    made.agencies_are_at(scenes.SHUT)
    found = operator.asks("replay", "messages", code, "--yes")
    assert found["delivered"] == 0
    assert set(found["messages"].values()) == {"pending"}


@pytest.mark.parametrize("words", [[], ["--all", "--delivered"]], ids=str)
def test_replay_needs_to_know_which(words: list[str], operator: Operator) -> None:
    """All that were ever delivered would be a flood."""
    assert operator.types("replay", "messages", *words, "--yes") == 2


@pytest.mark.usefixtures("at_once")
def test_messages_wait_while_an_agency_is_paused(made: Province, operator: Operator) -> None:
    """Nothing is tried and nothing is lost; the dossier itself goes on, and so do its deadlines."""
    assert operator.asks("pause", t.TAX, "--reason", "bảo trì", "--yes")["changed"]
    code = made.town.at_tax().code
    made.later(days=9)
    for _ in range(12):
        made.later(hours=1)
        made.reconcile()
    kept = [bootstrap.deliveries().get(DeliveryId(name)) for name in messages_of(code)]
    assert kept
    for each in kept:
        assert each
        assert (each.state, each.tries) == (DeliveryState.PENDING, 0)
    assert "milestone_passed" in events_of(code)
    assert not made.agencies._inbox
    paused = operator.asks("status")["paused"]
    assert [(each["agency"], each["reason"]) for each in paused] == [(t.TAX, "bảo trì")]
    found = operator.asks("resume", t.TAX, "--yes")
    assert found["sent_for"] == len(kept)
    assert set(messages_of(code).values()) == {DeliveryState.DELIVERED}
    assert {each.id for each in made.agencies._inbox.values()} == set(messages_of(code))
    assert operator.asks("status")["paused"] == []
    assert [command for command, _, _ in operator.logged()] == ["pause", "resume"]


@pytest.mark.usefixtures("at_once")
def test_other_agencies_hear(made: Province, operator: Operator) -> None:
    """A pause is for one."""
    operator.asks("pause", t.POLICE, "--reason", "x", "--yes")
    code = scenes.side_by_side(made).code
    assert {each.agency for each in made.agencies._inbox.values()} == {t.INSURANCE}
    operator.asks("resume", t.POLICE, "--no-wait", "--yes")
    made.later(minutes=35)
    made.reconcile()
    assert {each.agency for each in made.agencies._inbox.values()} == {t.INSURANCE, t.POLICE}
    assert operator.asks("show", code)["wrong"] == []


@pytest.mark.usefixtures("at_once")
def test_a_new_secret_ends_no_pause(made: Province, operator: Operator) -> None:
    """Secrets rotate on their own days."""
    operator.asks("pause", t.TAX, "--reason", "x", "--yes")
    set_webhook(t.TAX, made.agencies.url(t.TAX), WEBHOOK_SECRET, aws.RECORD)
    assert operator.asks("status")["paused"]


@pytest.mark.usefixtures("at_once")
def test_a_pause_keeps_endpoint_and_secrets(made: Province, operator: Operator) -> None:
    """They are the agency's; whoever pauses it need not see them."""
    reference, agency = bootstrap.reference(), AgencyCode(t.TAX)
    before = reference.endpoint(agency)
    assert (before is None, reference.is_paused(agency)) == (False, False)
    operator.asks("pause", t.TAX, "--reason", "x", "--yes")
    assert (reference.endpoint(agency), reference.is_paused(agency)) == (before, True)
    operator.asks("resume", t.TAX, "--no-wait", "--yes")
    assert (reference.endpoint(agency), reference.is_paused(agency)) == (before, False)
    assert t.TAX in WEBHOOKS
    assert made.agencies.secrets[t.TAX] not in operator.out
    forget()


def test_twice_is_once(operator: Operator) -> None:
    """And the first reason stays: it is what everybody was told."""
    assert operator.asks("resume", t.TAX, "--yes")["changed"] is False
    operator.asks("pause", t.TAX, "--reason", "first", "--yes")
    again = operator.asks("pause", t.TAX, "--reason", "second", "--yes")
    assert (again["changed"], again["paused"]["reason"]) == (False, "first")


@pytest.mark.parametrize("reason", ["", " \t"])
def test_a_pause_has_a_reason(reason: str, operator: Operator) -> None:
    """Whoever finds messages held back must read why."""
    assert operator.types("pause", t.TAX, "--reason", reason, "--yes") == 2
    assert "--reason" in operator.err
    assert operator.asks("status")["paused"] == []


def test_a_pause_without_a_reason_can_be_ended(operator: Operator) -> None:
    """One may be on record from before that was asked for; it must be seen and resumed."""
    why = {"since": "2026-10-06T02:00:00Z", "by": "somebody"}
    agencies._set(AgencyCode(t.TAX), why)
    assert operator.asks("status")["paused"] == [{"agency": t.TAX, **why, "reason": ""}]
    assert operator.asks("pause", t.TAX, "--reason", "x", "--yes")["changed"] is False
    assert operator.asks("resume", t.TAX, "--no-wait", "--yes")["changed"]


def test_an_agency_as_people_type_it(operator: Operator) -> None:
    """As lenient as with codes of dossiers."""
    typed = f" {t.TAX.lower()} "
    assert operator.asks("pause", typed, "--reason", " x ", "--yes")["agency"] == t.TAX
    assert operator.asks("status")["paused"][0]["reason"] == "x"
    assert operator.asks("resume", typed, "--no-wait", "--yes")["changed"]


@pytest.mark.parametrize("words", [["pause", "X99", "--reason", "x"], ["resume", "X99"]], ids=str)
def test_an_agency_that_gets_no_messages(words: list[str], operator: Operator) -> None:
    """A typing error must not look like a pause."""
    assert operator.types(*words, "--yes") == 2
    assert "No messages go to X99" in operator.err
