"""What functions and roles need that no story shows.

AWS itself asks for it, a step of a runbook does, or it is to come.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from infra.policies import FUNCTIONS, PEOPLE
from tests.infra import grid, steps
from tests.infra.asked import Asked
from tests.infra.grid import LOG_DELIVERIES, STREAMS, TRANSACTIONS

DEAD: Final = Asked("sqs:SendMessage", grid.queue("dead"))

# Functions that are not in the application yet; the day they are, their stories say what they need.
PLANNED: Final[tuple[str, ...]] = ()


def _logs(function: str) -> Iterator[Asked]:
    """Lambda writes a function's log in its name; the group itself is the stacks' to make."""
    for action in ("CreateLogStream", "PutLogEvents"):
        yield Asked(f"logs:{action}", grid.log_stream(function))


def _both_streams() -> Iterator[Asked]:
    """Lambda's event source mapping reads a stream in the function's name.

    The record's is read by the function itself, too, when a batch that was given up on comes back.
    """
    yield Asked("dynamodb:ListStreams", "*")
    yield Asked("dynamodb:DescribeStream", grid.stream("record"))
    for action in STREAMS.split():
        yield Asked(f"dynamodb:{action}", grid.stream("token"))


def _upload_queue() -> Iterator[Asked]:
    """So it reads a queue."""
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield Asked(f"sqs:{action}", grid.queue("uploads"))


def _log_deliveries() -> Iterator[Asked]:
    """Step Functions sends an execution's history to a log group by a delivery it makes."""
    for action in LOG_DELIVERIES.split():
        if action != "DeleteResourcePolicy":
            yield Asked(f"logs:{action}", "*")


def _invocations(*names: str) -> Iterator[Asked]:
    """Of functions, by name or by the alias that a new version is shifted to."""
    return (Asked("lambda:InvokeFunction", name) for name in grid.functions(names))


# Lambda puts batches that failed for good into the dead letters in the function's name; so does the
# scheduler, in its own, with what it could not begin. A pass that began and failed leaves nothing:
# the next one does the same, and an alarm tells of it.
DECLARED: Final[Mapping[str, frozenset[Asked]]] = {
    **{name: frozenset(_logs(name)) for name in FUNCTIONS},
    "on_change": frozenset([*_logs("on_change"), *_both_streams(), DEAD]),
    "on_upload": frozenset([*_logs("on_upload"), *_upload_queue()]),
    **dict.fromkeys(PEOPLE, frozenset(each for step in steps.LOOKS.values() for each in step)),
    "workflow": frozenset([*_log_deliveries(), *_invocations("wake", "rollover")]),
    "scheduler": frozenset([*_invocations("reconcile", "measure", "export"), DEAD]),
}


def closed(needed: set[Asked]) -> set[Asked]:
    """What may be done alone may be done within a transaction: AWS judges each item for itself."""
    alone = {each for each in needed if each.leading and not each.within}
    within = {
        Asked(each.action, each.resource, each.leading, transaction)
        for each in alone
        for transaction in TRANSACTIONS
    }
    return needed | within
