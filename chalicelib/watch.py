"""What operators see: log lines and metrics, one JSON object each, on standard output.

Lambda carries both to CloudWatch, so neither costs a call. Ids only: never personal data, never a
token, and of an error never its own words, which may repeat what somebody sent.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from traceback import format_tb
from typing import Any, Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "MotCua"

logger: Final = Logger(service="motcua", level="INFO", utc=True, use_rfc3339=True)
_cold: Final = [True]  # emptied by the process's first invocation


class Metric(StrEnum):
    """Every figure of our own; infra/stacks/watch.yaml has the alarms on them."""

    OVERDUE = "Overdue"  # gauge: open legs past due
    OLDEST_OVERDUE = "OldestOverdueHours"  # gauge, in working hours
    OLDEST_UNDECIDED = "OldestUndecidedHours"  # gauge, in working hours: waiting at a desk
    ESCALATIONS = "Escalations"  # milestones that a leader, or the focal point, heard of
    DELIVERIES_GIVEN_UP = "DeliveriesGivenUp"  # messages that an agency never took
    RECORDS_FAILED = "RecordsFailed"  # of the streams and the queue of uploads, to be sent again
    REPAIRS = "Repairs"  # what the reconciler found undone, and did
    RECONCILE_FAILED = "ReconcileFailed"  # what it could not repair
    EXPORTS = "Exports"  # complete runs that reach up to the night they are made in
    FILES_NOT_EXPORTED = "FilesNotExported"  # named by the record, and not there or not the same
    ACCESS_DENIED = "AccessDenied"  # calls that a policy or a key's policy refused


def emit(values: Mapping[Metric, int]) -> None:
    """One line in CloudWatch's embedded metric format; gauges may be 0, events are told if any."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=os.environ.get("STAGE", "none"))
    for metric, value in values.items():
        metrics.add_metric(metric.value, MetricUnit.Count, value)
    metrics.flush_metrics()


def count(metric: Metric, number: int = 1) -> None:
    """So many of something happened; nothing is written for none."""
    if number:
        emit({metric: number})


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Every line within carries these ids, and those that are added within; then no longer."""
    before = logger.thread_safe_get_current_keys()
    logger.thread_safe_append_keys(**ids)
    try:
        yield
    finally:
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(**before)


@contextmanager
def invocation(correlation_id: str, **ids: object) -> Iterator[None]:
    """One call of a function: what its lines have in common, and nothing of another call."""
    if _cold:
        _cold.clear()
        ids["cold_start"] = True
    logger.thread_safe_clear_keys()
    with about(correlation_id=correlation_id, **ids):
        yield


def concerns(dossier_id: str) -> None:
    """From here on it is about this dossier. Only for a code that is known to be one."""
    logger.thread_safe_append_keys(dossier_id=dossier_id)


def unexpected(message: str, error: BaseException, **ids: object) -> None:
    """Log an error by types, places and the codes of AWS, back to what it began with."""
    chain = _chain(error)
    codes = [code for each in chain if (code := _aws_code(each))]
    logger.error(message, extra={**ids, "trail": _trail(chain), "aws": codes})
    count(Metric.ACCESS_DENIED, sum(_is_denial(code) for code in codes))


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:  # one that was raised from itself has no end
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _trail(chain: list[BaseException]) -> list[str]:
    places = ([type(each).__name__, *format_tb(each.__traceback__)] for each in chain)
    return [line for place in places for line in place]


def _aws_code(error: BaseException) -> str:
    """Like `PutItem AccessDeniedException`; empty for what is no answer of AWS."""
    answer: Any = getattr(error, "response", None)
    if not isinstance(answer, dict) or "Error" not in answer:
        return ""
    return f"{getattr(error, 'operation_name', '')} {answer['Error'].get('Code', '')}"


def _is_denial(code: str) -> bool:
    """A key that refuses us is named by the service that wanted to use it."""
    return "AccessDenied" in code or "KMS" in code.upper()
