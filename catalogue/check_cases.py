"""Whether what depends on the answers fits together: conditions, and everything that names them.

Answers are without number, but what conditions can tell apart is not: of each field that one is
about a few answers stand for all others, and every mix of these is a case. In each case somebody
must have something to do, and the limits must add up.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, product
from typing import Any, Final, NamedTuple

import jsonschema_rs

from chalicelib.domain.calendar import TimeLimit, WorkCalendar
from chalicelib.domain.conditions import Conditional, applies
from chalicelib.domain.procedure import ByChannel, Condition, ProcedureVersion, RouteLeg
from chalicelib.domain.terms import Channel, LegKind

Case = frozenset[str]

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
MOST_NAMES: Final = 60  # characters of all together: they are kept on every dossier
NUMBERS: Final = ("integer", "number")

# Limits of different units are compared where they mean most: from the start of a plain week.
_START: Final = datetime.fromisoformat("2026-06-01T07:00:00+07:00")
_DAY: Final = (("07:00", "11:30"), ("13:30", "17:00"))
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri")
_WEEK: Final = WorkCalendar.from_data(
    {"code": "plain", "tz": "Asia/Ho_Chi_Minh", "week": dict.fromkeys(_DAYS, _DAY)}
)


def case_problems(version: ProcedureVersion) -> Iterator[str]:
    """Cases are judged only once the conditions are sound."""
    wrong = list(_of_conditions(version))
    yield from wrong
    if not wrong:
        possible = list(cases(version))
        yield from _of_uses(version, possible)
        yield from _of_work(version, possible)
        yield from _of_sums(version, possible)
    yield from _of_channels(version)


# -- conditions


class Field(NamedTuple):
    """A field of a form; `always` where no good form goes without it."""

    schema: Mapping[str, Any]
    always: bool


def field_at(form: Mapping[str, Any], pointer: str) -> Field | None:
    """The field at a JSON Pointer through sections; None where the form has no such field."""
    schema, always = form, True
    start, *parts = pointer.split("/")
    for name in parts:
        always = always and name in schema.get("required", ())
        schema = schema.get("properties", {}).get(name)
        if schema is None:
            return None
    return None if start or not parts else Field(schema, always)


def _of_conditions(version: ProcedureVersion) -> Iterator[str]:
    if len("".join(version.conditions)) > MOST_NAMES:
        yield f"conditions: their names have more than {MOST_NAMES} letters together"
    for name, condition in version.conditions.items():
        if not NAME.fullmatch(name):
            yield f"condition {name}: a name is a-z, 0-9 and _"
        field = field_at(version.form, condition.at)
        if field is None:
            yield f"condition {name}: the form has no {condition.at}"
        else:
            yield from (f"condition {name}: {wrong}" for wrong in _of_condition(condition, field))


def _of_condition(condition: Condition, field: Field) -> Iterator[str]:
    validator = jsonschema_rs.Draft202012Validator(dict(field.schema))
    if strangers := [each for each in condition.one_of if not validator.is_valid(each)]:
        yield f"{strangers} is no answer at {condition.at}"
        return
    bounds = (condition.at_least, condition.at_most)
    if bounds != (None, None) and field.schema.get("type") not in NUMBERS:
        yield f"only a number is at least or at most, and {condition.at} is none"
        return
    fits = {condition.fits(answer) for answer in _answers(field, [condition])}
    if fits == {False}:
        yield "no answer makes it hold"
    elif fits == {True}:
        yield "it holds whatever the answer is"


def _answers(field: Field, conditions: Iterable[Condition]) -> list[Any]:
    """Answers that stand for all: each choice, or the numbers around each edge, or no answer."""
    schema, found = field.schema, [] if field.always else [None]
    if "enum" in schema:
        return [*found, *schema["enum"]]
    if schema["type"] == "boolean":
        return [*found, False, True]
    if schema["type"] in NUMBERS:
        return [*found, *_numbers(schema, conditions)]
    named = (each for condition in conditions for each in condition.one_of)
    return [*found, "", *named]


def _numbers(schema: Mapping[str, Any], conditions: Iterable[Condition]) -> Iterator[int]:
    edges = chain.from_iterable((c.at_least, c.at_most, *c.one_of) for c in conditions)
    known = (int(edge) for edge in edges if edge is not None)
    least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema["maximum"]
    around = {least, most, *(edge + step for edge in known for step in (-1, 0, 1))}
    return (number for number in around if least <= number <= most)


def cases(version: ProcedureVersion) -> Iterator[Case]:
    """Every set of conditions that good answers can make hold; the one of none first, if any."""
    about: dict[str, dict[str, Condition]] = {}
    for name, condition in version.conditions.items():
        about.setdefault(condition.at, {})[name] = condition
    mixes = [_mixes(version, at, conditions) for at, conditions in about.items()]
    return (Case().union(*mix) for mix in product(*mixes))


def _mixes(version: ProcedureVersion, at: str, conditions: Mapping[str, Condition]) -> list[Case]:
    """What can hold of the conditions on one field."""
    field = field_at(version.form, at)
    answers = _answers(field, conditions.values()) if field else ()
    found = {Case(name for name, c in conditions.items() if c.fits(each)) for each in answers}
    return sorted(found, key=lambda case: (len(case), sorted(case)))


# -- what names them


def legs(version: ProcedureVersion) -> Iterator[RouteLeg]:
    """All of the route."""
    return (leg for step in version.route for leg in step.legs)


def _limits(version: ProcedureVersion) -> Iterator[tuple[str, ByChannel]]:
    yield "limit", version.limit
    yield "answer_limit", version.answer_limit
    yield from ((f"leg {leg.code}: limit", leg.limit) for leg in legs(version) if leg.limit)


def _conditional(version: ProcedureVersion) -> Iterator[tuple[str, Conditional]]:
    yield from ((f"leg {leg.code}", leg) for leg in legs(version))
    yield from ((f"paper {paper.code}", paper) for paper in version.papers)
    for fee in version.fees:
        for n, exemption in enumerate(fee.exemptions, 1):
            yield f"fee {fee.code}: exemption {n}", exemption
    for where, limit in _limits(version):
        for n, case in enumerate(limit.cases, 1):
            yield f"{where}: case {n}", case


def _of_uses(version: ProcedureVersion, possible: Collection[Case]) -> Iterator[str]:
    used: set[str] = set()
    for where, each in _conditional(version):
        names = {*each.when, *each.unless}
        used |= names
        if strangers := names - set(version.conditions):
            yield f"{where}: there is no condition {sorted(strangers)}"
        elif not any(applies(each, case) for case in possible):
            yield f"{where}: no answers lead to it"
    for where, limit in _limits(version):
        for n in sorted(_hidden(limit, possible)):
            yield f"{where}: case {n} is for nobody, an earlier one is always taken"
    if idle := set(version.conditions) - used:
        yield f"conditions: nothing depends on {sorted(idle)}"


def _hidden(limit: ByChannel, possible: Iterable[Case]) -> set[int]:
    """Numbers of the cases that apply somewhere, but never first."""
    numbered = list(enumerate(limit.cases, 1))
    applying = [[n for n, each in numbered if applies(each, case)] for case in possible]
    first = {n for numbers in applying for n in numbers[:1]}
    return {n for numbers in applying for n in numbers} - first


# -- every case


def _of_work(version: ProcedureVersion, possible: Iterable[Case]) -> Iterator[str]:
    for case in possible:
        opened = [leg for leg in legs(version) if applies(leg, case)]
        if not any(leg.required and leg.kind is not LegKind.PAYMENT for leg in opened):
            yield f"route{_said_of(case)}: no unit has anything to do"


def _of_sums(version: ProcedureVersion, possible: Iterable[Case]) -> Iterator[str]:
    for case, channel in product(possible, (Channel.COUNTER, Channel.ONLINE)):
        total = version.limit.of(channel, case).due(_WEEK, _START)
        if (end := _end_of_route(version, channel, case)) > total:
            where = f"{channel}{_said_of(case)}"
            yield f"{where}: the legs end {end:%d/%m %H:%M}, the whole {total:%d/%m %H:%M}"


def _end_of_route(version: ProcedureVersion, channel: Channel, case: Case) -> datetime:
    """When the last leg is due; legs of a step run side by side, a payment stops the clock."""
    at = _START
    for step in version.route:
        opened = (leg for leg in step.legs if applies(leg, case))
        limits = [leg.limit.of(channel, case) for leg in opened if leg.limit]
        at = max((limit.due(_WEEK, at) for limit in limits), default=at)
    return at


def _of_channels(version: ProcedureVersion) -> Iterator[str]:
    for where, limit in _limits(version):
        if where != "answer_limit":
            yield from _of_pairs(limit)


def _of_pairs(limit: ByChannel) -> Iterator[str]:
    pairs = [(limit.counter, limit.online), *((c.counter, c.online) for c in limit.cases)]
    for counter, online in pairs:
        if online.due(_WEEK, _START) > counter.due(_WEEK, _START):
            yield f"online may not take longer than the counter: {_said(online)}"


def _said_of(case: Case) -> str:
    return f" where {', '.join(sorted(case))}" if case else ""


def _said(limit: TimeLimit) -> str:
    return f"{limit.amount} {limit.unit}"
