"""Provinces with faults and without: no rule is broken in any of them."""

from tests.simulator.run import batch, many, run_all, simulate, stories
from tests.simulator.world import World

SEEDS = range(1, 41)
DOSSIERS = 12


def test_no_rule_is_broken() -> None:
    """Lost, doubled and reordered messages, deaths, races and outages change nothing on record."""
    tally = batch(SEEDS, DOSSIERS)
    assert not tally.broken, tally.broken
    assert tally.dossiers == len(SEEDS) * DOSSIERS


def test_faults_do_happen() -> None:
    """A simulator in which nothing goes wrong shows nothing: each kind of fault is met."""
    told = [line for seed in range(1, 30, 2) for line in simulate(seed, DOSSIERS).written()]
    for fault in ("died at point", "is lost", "vanishes", "meanwhile"):
        assert any(fault in line for line in told), fault


def test_everything_the_rules_are_about_happens() -> None:
    """A rule about extensions is worth nothing where nobody extends."""
    told = "\n".join(line for seed in range(1, 40) for line in simulate(seed, 20).written())
    for what in ("extended", "apologised", "promise_lapsed", "callback_filed", "expired"):
        assert f" {what} " in told or f"'{what}'" in told, what


def test_one_seed_is_one_story() -> None:
    """A violation can be looked at again only if the same seed tells the same."""
    first, second = simulate(7, 5), simulate(7, 5)
    assert first.written() == second.written()
    assert simulate(9, 5).written() != first.written()


def test_scripted_stories_keep_the_rules() -> None:
    """The stories that crash points and adapters are compared by must be right themselves."""
    assert not stories().broken


def test_a_long_run_adds_up() -> None:
    """Figures of a run on several processes are those of its batches."""
    seeds = range(1, 12)
    total = run_all(many(seeds, 2, jobs=2), 22)
    assert (total.dossiers, total.broken) == (22, "")
    assert "22 dossiers, 0 violations" in str(total)


def test_time_stands_still_without_anything_to_do() -> None:
    """An empty province ends at once instead of reconciling for ever."""
    world = World(1)
    world.run(world.clock.now().replace(year=2029))
    assert world.calls == 0
