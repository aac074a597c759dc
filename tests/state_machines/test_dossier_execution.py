"""The definition as it runs: what each story costs, and that races end where the record says."""

from bench.table import workflow_cost
from chalicelib.ports import Token
from tests.state_machines.lead import CODE, Lead, soon

SECOND = 1  # the shortest timer there is


def test_on_time_it_enters_two_states_a_stage_and_three_more(lead: Lead) -> None:
    """Transitions are the dearest thing in AWS: 4 stages are 2 × 4 + 3, and carry ids only."""
    lead.start()
    lead.move("Department", 2)
    lead.move("InterAgency", 3)
    lead.move("Return", 4)
    lead.move("Closed", 5)
    stages = ("Intake", "Department", "InterAgency", "Return")
    each = [name for stage in stages for name in ("Next", stage)]
    assert lead.ended() == ["Locate", *each, "Next", "Closed"]
    cost = workflow_cost(lead.client, lead.arn())
    assert cost.state_entries == 11
    assert 0 < cost.bytes_max < 1_024
    assert len(lead.asked) == 1, "no timer fired: only Locate asked"


def test_a_timer_that_fires_costs_three_more(lead: Lead) -> None:
    """A deadline wakes the dossier in time, and waits again in the same stage."""
    lead.record("Intake", 1, SECOND)
    lead.start()
    first = lead.waits(1)
    lead.record("Intake", 1)
    again = soon(lambda: _another(lead, first))
    assert again
    lead.record("Closed", 2)
    lead.send(again)
    assert lead.ended() == [
        *("Locate", "Next", "Intake"),
        *("Escalate", "Next", "Intake"),
        *("Next", "Closed"),
    ]
    assert lead.asked == [{"dossier_id": CODE, "generation": 1}] * 2


def _another(lead: Lead, first: Token) -> Token | None:
    token = lead.tokens.get(CODE)
    return token if token != first else None


def test_a_stage_that_closed_before_its_token_was_registered_is_passed(lead: Lead) -> None:
    """A desk may be faster than the execution: the registration itself makes the stream look."""
    lead.start()
    late = lead.waits(1)
    lead.record("Department", 2)
    lead.record("Return", 3)
    assert late.seq < lead.going["seq"], "what makes the stream wake it"
    lead.send(late)
    lead.move("Closed", 4)
    assert lead.ended() == ["Locate", "Next", "Intake", "Next", "Return", "Next", "Closed"]


def test_an_older_generation_never_takes_the_token_of_its_successor(lead: Lead) -> None:
    """For a moment two executions lead one dossier: the later stays reachable, the other ends."""
    lead.start(generation=2)
    kept = lead.waits(1)
    lead.generation = 1  # as `Locate` of the old one read it, before the successor was claimed
    lead.workflow.start(CODE, 1)
    assert soon(lambda: "Intake" in lead.entered() or None)
    lead.generation = 2
    assert lead.ended()[-3:] == ["Escalate", "Next", "Closed"]
    assert lead.tokens.get(CODE) == kept
    lead.record("Closed", 2)
    lead.send(kept)
    assert lead.ended(generation=2)[-1] == "Closed"


def test_a_stage_it_does_not_know_starts_the_next_generation(lead: Lead) -> None:
    """Executions live for months: an old definition hands a new stage over to the current one."""
    lead.record("Appraisal", 1)
    lead.start()
    assert lead.ended() == ["Locate", "Next", "Rollover", "Closed"]
    assert lead.rolled == [{"dossier_id": CODE, "generation": 1}]


def test_a_function_that_fails_is_asked_again(lead: Lead) -> None:
    """An outage of a minute may not end an execution that is to live for months."""
    lead.outages = 1
    lead.record("Closed", 1)
    lead.start()
    assert lead.ended() == ["Locate", "Next", "Closed"]
    assert len(lead.asked) == 2
