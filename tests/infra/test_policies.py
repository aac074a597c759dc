"""Every function may do what it does, and nothing else: each policy against the facts.

The facts are what the system's stories really called, under these very policies; the questions
are everything that anybody might do with a deployment (tests/infra/grid.py).
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import pytest

from infra.policies import FUNCTIONS, ROLE_NAMES
from tests import aws
from tests.entrypoints.served import served
from tests.entrypoints.town import Town
from tests.infra import lives, nights, shift, ward
from tests.infra.asked import Asked
from tests.infra.grid import as_question, questions
from tests.infra.guard import Guard, Policy, Rules, allows, policy_of, read, rules_of
from tests.infra.lint import listed
from tests.infra.needs import DECLARED, PLANNED, closed
from tests.operate.conftest import deployed

pytestmark = pytest.mark.slow

EVERYBODY: Final = (*FUNCTIONS, *ROLE_NAMES)


@dataclass(frozen=True)
class Facts:
    """What each function and role asked for in the stories, and what of it was refused."""

    made: Mapping[str, set[Asked]]
    refused: list[tuple[str, Asked]]

    def needed(self, who: str) -> set[Asked]:
        """As questions, with what no story shows."""
        return {as_question(each) for each in self.made.get(who, ())} | DECLARED[who]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """All stories are told once."""
    guard = Guard(refuses=False)
    with served(tmp_path_factory.mktemp("keys"), guard):
        ward.work(ward.Ward(Town(), guard))
    with aws.aws():
        lives.live(lives.GuardedCloud(guard))
    with nights.account(tmp_path_factory.mktemp("store")) as cloud:
        nights.work(nights.Night(cloud, guard))
    with deployed(tmp_path_factory.mktemp("stage"), guard) as made:
        shift.work(made)
    return Facts(guard.made, guard.refused)


def beyond(rules: Rules, needed: set[Asked]) -> Iterator[Asked]:
    """What a policy allows though nobody needs it."""
    wanted = closed(needed)
    return (each for each in _about(rules) if each not in wanted and allows(rules, each))


def _about(rules: Rules) -> Iterator[Asked]:
    """The questions about actions that a policy names: about others it says nothing."""
    named = {action.casefold() for rule in rules for action in rule.actions}
    every = any(re.search(r"[*?]", action) for action in named)
    return (each for each in questions() if every or each.action.casefold() in named)


def short(rules: Rules, needed: set[Asked]) -> Iterator[Asked]:
    """What a policy denies though it is needed."""
    return (each for each in needed if not allows(rules, each))


def test_no_story_meets_a_refusal(facts: Facts) -> None:
    """A permission too few is a citizen's dossier that does not move on."""
    assert facts.refused == []


def test_every_call_is_one_of_the_questions(facts: Facts) -> None:
    """What is not asked of every policy would be denied to nobody by a test."""
    made = {as_question(each) for calls in facts.made.values() for each in calls}
    declared = {each for needs in DECLARED.values() for each in needs}
    assert made | declared <= set(questions())


def test_everybody_was_seen_at_work(facts: Facts) -> None:
    """A function that no story has work for would be judged by what somebody wrote down."""
    assert set(facts.made) == set(EVERYBODY) - {*PLANNED, "scheduler"}


@pytest.mark.parametrize("who", EVERYBODY)
def test_nothing_is_declared_that_a_story_shows(facts: Facts, who: str) -> None:
    """Facts first: what is written down by hand is for what only AWS itself does."""
    shown = {as_question(each) for each in facts.made.get(who, ())}
    named = {each for each in DECLARED[who] & shown if each.action != "lambda:InvokeFunction"}
    assert named == set()


@pytest.mark.parametrize("who", EVERYBODY)
def test_what_is_needed_is_allowed(facts: Facts, who: str) -> None:
    """As it was really asked, not only as one of the questions."""
    asked = facts.needed(who) | facts.made.get(who, set())
    assert list(short(rules_of(who), asked)) == []


@pytest.mark.parametrize("who", EVERYBODY)
def test_nothing_else_is_allowed(facts: Facts, who: str) -> None:
    """Every pair of a function and an action that it does not need: a flaw in one harms no more."""
    assert list(beyond(rules_of(who), facts.needed(who))) == []


def test_what_would_do_most_harm_is_asked() -> None:
    """Nobody may stop an execution, read a queue of others, or write what is evidence."""
    actions = {each.action for each in questions()}
    assert {
        "dynamodb:DeleteTable",
        "dynamodb:DeleteItem",
        "dynamodb:Scan",
        "iam:PassRole",
        "kms:ScheduleKeyDeletion",
        "lambda:UpdateFunctionCode",
        "s3:DeleteObjectVersion",
        "s3:PutBucketPolicy",
        "secretsmanager:PutSecretValue",
        "states:StopExecution",
    } <= actions
    assert len(questions()) > 5_000


# -- the tests' own test: a policy that is a little wrong is seen


def spoiled(who: str) -> Iterator[Any]:
    """Every statement lost, opened to everything, freed of its condition; every action lost."""
    for number, statement in enumerate(policy_of(who)["Statement"]):
        name = f"{who}-{statement['Sid']}"
        yield pytest.param(who, _edited(who, number, None), id=f"{name}-lost")
        if statement["Resource"] != "*":
            opened = statement | {"Resource": "*"}
            yield pytest.param(who, _edited(who, number, opened), id=f"{name}-opened")
        if "Condition" in statement:
            freed = {key: value for key, value in statement.items() if key != "Condition"}
            yield pytest.param(who, _edited(who, number, freed), id=f"{name}-freed")
        for part in ("Action", "Resource"):
            yield from _parts_lost(who, number, part)


def _parts_lost(who: str, number: int, part: str) -> Iterator[Any]:
    statement = policy_of(who)["Statement"][number]
    values = listed(statement[part])
    for value in values if len(values) > 1 else ():
        fewer = statement | {part: [each for each in values if each != value]}
        name = f"{who}-{statement['Sid']}-without-{value}"
        yield pytest.param(who, _edited(who, number, fewer), id=name)


def _edited(who: str, number: int, statement: Mapping[str, Any] | None) -> Policy:
    policy = deepcopy(dict(policy_of(who)))
    policy["Statement"][number : number + 1] = [statement] if statement else []
    return policy


@pytest.mark.parametrize(("who", "policy"), [each for who in EVERYBODY for each in spoiled(who)])
def test_a_policy_that_is_a_little_wrong_is_seen(facts: Facts, who: str, policy: Policy) -> None:
    """Each statement, action, resource and condition is needed, and a test would miss it."""
    rules, needed = read(policy), facts.needed(who)
    assert next(short(rules, needed), None) or next(beyond(rules, needed), None)


@pytest.mark.parametrize("who", EVERYBODY)
def test_one_action_too_many_is_seen(facts: Facts, who: str) -> None:
    """Whatever is added, for whatever good reason, needs a story that needs it."""
    for action in ("dynamodb:Scan", "s3:Get*"):
        extra = {"Effect": "Allow", "Action": action, "Resource": "*"}
        policy = dict(policy_of(who))
        policy["Statement"] = [*policy["Statement"], extra]
        assert next(beyond(read(policy), facts.needed(who)), None)


def test_a_story_stops_where_a_permission_is_missing(tmp_path_factory: Any) -> None:
    """The stories run under the policies: without one statement of it the API fails."""
    lost = "PromisesAPlaceForAFile"
    policy = dict(policy_of("api"))
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != lost]
    guard = Guard(rules=lambda _: read(policy))
    with served(tmp_path_factory.mktemp("keys"), guard):
        assert Town().promise().status == 500
    assert [(who, each.action, each.leading[:2]) for who, each in guard.refused] == [
        ("api", "dynamodb:PutItem", "F#")
    ]
