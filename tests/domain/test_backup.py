"""Which run comes next, which may go on, which manifest follows which: without any store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backup import (
    GENESIS,
    Bounds,
    BrokenChainError,
    Head,
    Kind,
    Manifest,
    Origin,
    Part,
    Plan,
    Policy,
    Stored,
    check_follows,
    digest_of,
    head_of,
    may_go_on,
    plan_next,
)

ORIGIN = Origin("prod", "motcua-prod-record", 1, "1.0")
NIGHT = datetime(2026, 10, 5, 18, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NIGHTLY = Policy(timedelta(hours=20), 90 * DAY)


def bounds(latest: datetime, back: timedelta = 35 * DAY) -> Bounds:
    return Bounds(latest - back, latest)


def planned(last: Manifest | None, at: datetime, policy: Policy = NIGHTLY) -> Plan | None:
    digest = digest_of(last.to_bytes()) if last else ""
    return plan_next(last, digest, ORIGIN, bounds(at), policy)


def test_a_run_says_whether_there_may_be_more() -> None:
    """After three days without one, an operator's command makes three."""
    last = first()
    nights = [planned(last, NIGHT + days * DAY) for days in (0.9, 3)]
    assert [plan and plan.is_capped for plan in nights] == [False, True]
    whole = planned(last, NIGHT + 100 * DAY)
    assert whole
    assert not whole.is_capped


def first() -> Manifest:
    plan = planned(None, NIGHT)
    assert plan
    return Manifest(plan, ORIGIN, ())


def following(last: Manifest, at: datetime) -> Manifest:
    plan = planned(last, at)
    assert plan
    return Manifest(plan, ORIGIN, ())


def test_first_run_is_the_whole_record() -> None:
    """There is nothing to build changes on."""
    plan = first().plan
    assert (plan.run, plan.kind, plan.previous, plan.base) == (1, Kind.FULL, GENESIS, 1)
    assert plan.until == NIGHT


def test_one_run_a_night() -> None:
    """The schedule calls every quarter of an hour, so that a run can go on."""
    assert planned(first(), NIGHT + 15 * MINUTE) is None
    plan = planned(first(), NIGHT + DAY)
    assert plan
    assert (plan.kind, plan.since, plan.until) == (Kind.CHANGES, NIGHT, NIGHT + DAY)


def test_windows_are_a_day_at_most() -> None:
    """DynamoDB refuses longer ones: three nights missed are three runs."""
    last = first()
    for n in range(1, 4):
        last = following(last, NIGHT + 3 * DAY + 5 * MINUTE)
        assert last.plan.until == NIGHT + n * DAY
    assert planned(last, NIGHT + 3 * DAY + 5 * MINUTE) is None


@given(st.lists(st.integers(1, 60 * 50), min_size=1, max_size=30))
def test_windows_follow_each_other_without_a_gap(pauses: list[int]) -> None:
    """Whenever the schedule calls or does not: each second is in exactly one window."""
    last, now = first(), NIGHT
    for minutes in pauses:
        now += minutes * MINUTE
        plan = planned(last, now)
        if plan is None:
            continue
        if plan.kind is Kind.CHANGES:
            assert plan.since == last.plan.until
            assert timedelta(0) < plan.until - plan.since <= DAY
        assert last.plan.until <= plan.until <= now
        last = Manifest(plan, ORIGIN, ())
    assert now - last.plan.until < sum(pauses) * MINUTE + DAY


def test_whole_record_again_from_time_to_time() -> None:
    """A restore reads one whole record and at most this many nights of changes."""
    last = first()
    for n in range(1, 90):
        last = following(last, NIGHT + n * DAY)
        assert (last.plan.kind, last.plan.base) == (Kind.CHANGES, 1)
    last = following(last, NIGHT + 90 * DAY)
    assert (last.plan.kind, last.plan.base, last.plan.run) == (Kind.FULL, 91, 91)


def test_lost_past_is_replaced_by_the_whole_record() -> None:
    """What DynamoDB no longer knows cannot be exported as changes, and must not be left out."""
    last = first()
    at = NIGHT + 36 * DAY
    plan = plan_next(last, digest_of(last.to_bytes()), ORIGIN, bounds(at), NIGHTLY)
    assert plan
    assert (plan.kind, plan.base, plan.until) == (Kind.FULL, 2, at)


def test_plan_goes_on_only_as_it_would_be_made() -> None:
    """Plans lie in the store, unsigned."""
    last = first()
    digest, known = digest_of(last.to_bytes()), bounds(NIGHT + DAY)
    plan = planned(last, NIGHT + DAY)
    assert plan
    assert may_go_on(plan, last, digest, ORIGIN, known)
    assert may_go_on(plan.again(), last, digest, ORIGIN, known)
    for wrong in (
        replace(plan, since=NIGHT + MINUTE),
        replace(plan, until=NIGHT + 2 * DAY),
        replace(plan, run=3),
        replace(plan, previous=GENESIS),
        replace(plan, chain="another"),
        replace(plan, base=2),
        replace(plan, kind=Kind.FULL),
    ):
        assert not may_go_on(wrong, last, digest, ORIGIN, known), wrong
    assert not may_go_on(plan, last, digest, ORIGIN, Bounds(NIGHT + MINUTE, NIGHT + DAY))


def test_each_attempt_has_a_token_of_its_own() -> None:
    """With a known token, DynamoDB goes on with the export it has, failed or not."""
    plan = first().plan
    assert plan.token == Plan.from_bytes(plan.to_bytes()).token
    assert plan.token != plan.again().token


def test_manifest_reads_back_as_it_was_signed() -> None:
    """A signature over bytes that cannot be made again could never be checked again."""
    parts = (
        Part(Stored("a", "1" * 64, 5, 3), Stored("b", "2" * 64, 6, 2), "source", 1, 1),
        Part(Stored("c", "3" * 64, 7, 4), Stored("d", "4" * 64, 8, 0), "other", 0, 0),
    )
    manifest = Manifest(first().plan, ORIGIN, parts)
    again = Manifest.from_bytes(manifest.to_bytes())
    assert again == manifest
    assert again.to_bytes() == manifest.to_bytes()
    assert (again.items, again.deleted, again.files, again.missing) == (7, 1, 1, 1)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format": 2}', b"\xff"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    """Whatever lies there under that name."""
    with pytest.raises(BrokenChainError):
        Manifest.from_bytes(content)


def test_chain() -> None:
    """Each run names the one before it, begins where it ends, and has the next number."""
    one = first()
    two = following(one, NIGHT + DAY)
    head = check_follows(None, one.to_bytes())
    assert check_follows(head, two.to_bytes()) == head_of(two.to_bytes())
    three = following(two, NIGHT + 2 * DAY)
    for wrong, told in (
        (three, "run 2 is missing"),
        (_with(two, chain="another"), "belongs to another chain"),
        (_with(two, previous=GENESIS), "does not follow"),
        (_with(two, since=NIGHT + MINUTE), "does not begin where"),
    ):
        with pytest.raises(BrokenChainError, match=told):
            check_follows(head, wrong.to_bytes())
    with pytest.raises(BrokenChainError, match="run 1 is missing"):
        check_follows(None, two.to_bytes())


def _with(manifest: Manifest, **more: object) -> Manifest:
    return replace(manifest, plan=replace(manifest.plan, **more))


def test_head_knows_until_when() -> None:
    """The next window begins there, whatever the store says later."""
    manifest = first()
    plan = manifest.plan
    expected = Head(plan.chain, 1, digest_of(manifest.to_bytes()), NIGHT)
    assert head_of(manifest.to_bytes()) == expected
