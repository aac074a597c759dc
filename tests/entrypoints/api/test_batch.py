"""POST /dossiers/batch: what came over the counter, each item for itself."""

import pytest

from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.town import CITIZEN, DESK, OTHER_DESK, Town

PATH = "/dossiers/batch"


def counter(town: Town, **changed: object) -> dict[str, object]:
    return town.submission(channel="counter", **changed)


def test_each_is_taken_or_refused_for_itself(town: Town) -> None:
    """One that is not complete holds up no other, and says what to do in the caller's words."""
    bad = counter(town, papers=[])
    answer = town.post(PATH, {"items": [counter(town), bad, counter(town)]}, DESK)
    assert answer.status == 200
    first, second, third = answer.body["items"]
    assert [each["index"] for each in answer.body["items"]] == [0, 1, 2]
    assert first["submitted"]["code"] != third["submitted"]["code"]
    assert (first["problem"], second["submitted"]) == (None, None)
    assert (second["problem"]["status"], second["problem"]["code"]) == (422, "paper.missing")
    assert second["problem"]["detail"].endswith(".")
    assert town.rev(third["submitted"]["code"]) == 1


def test_sent_again_nothing_is_stored_twice(town: Town) -> None:
    """After a lost answer; what was refused is tried again."""
    body, key = {"items": [counter(town), counter(town)]}, town.key()
    first = town.post(PATH, body, DESK, key).body["items"]
    again = town.post(PATH, body, DESK, key).body["items"]
    codes = [each["submitted"]["code"] for each in first]
    assert [each["submitted"]["code"] for each in again] == codes
    assert [each["submitted"]["replayed"] for each in again] == [True, True]


def test_it_is_the_desks(town: Town, refused: Refused) -> None:
    """Citizens file one by one; another desk's dossiers are not taken in here."""
    body = {"items": [counter(town)]}
    assert refused(lambda: town.post(PATH, body, CITIZEN)).refusal == (403, "auth.role")
    (item,) = town.post(PATH, body, OTHER_DESK).body["items"]
    assert (item["problem"]["status"], item["problem"]["code"]) == (403, "decision.not_yours")


@pytest.mark.parametrize("items", [[], [{}], [1] * 21])
def test_what_is_no_batch(town: Town, refused: Refused, items: list[object]) -> None:
    """None at all, too many, or of another shape: nothing is stored."""
    reply = refused(lambda: town.post(PATH, {"items": items}, DESK))
    assert reply.refusal == (422, "request.invalid")
