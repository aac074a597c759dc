"""Paper dossiers entered at the counter, many at once: each is taken or refused for itself."""

from functools import cache
from typing import Annotated

from pydantic import Field

from chalicelib.domain.errors import Error
from chalicelib.domain.terms import Role
from chalicelib.entrypoints.api.dossiers import SubmitBody, SubmittedAnswer, submitted
from chalicelib.entrypoints.http.auth import signed_in
from chalicelib.entrypoints.http.messages import Messages
from chalicelib.entrypoints.http.problem import Problem, problem, refusal_of
from chalicelib.entrypoints.http.route import IDEMPOTENCY_KEY, Request, Wire
from chalicelib.entrypoints.http.router import Routes

batch = Routes("dossiers")

MOST = 20  # in one request: they are stored one after the other


class BatchBody(Wire):
    """Dossiers, each as it would be sent alone."""

    items: Annotated[list[SubmitBody], Field(min_length=1, max_length=MOST)]


class Outcome(Wire):
    """Of one item, by its place in the request: either it was submitted, or why it was not."""

    index: int
    submitted: SubmittedAnswer | None = None
    problem: Problem | None = None


class BatchAnswer(Wire):
    """In the order of the request."""

    items: list[Outcome]


@batch.post(
    "/dossiers/batch",
    auth=signed_in(Role.DESK),
    body=BatchBody,
    answer=BatchAnswer,
    headers=(IDEMPOTENCY_KEY,),
)
def submit_batch(request: Request[BatchBody]) -> BatchAnswer:
    """Enter a batch; sent again, what was stored is answered again and the rest is tried again."""
    return BatchAnswer(
        items=[_outcome(request, index, body) for index, body in enumerate(request.body.items)]
    )


def _outcome(request: Request[BatchBody], index: int, body: SubmitBody) -> Outcome:
    try:
        done = submitted(body, request.person, f"{request.idempotency_key}.{index}")
    except Error as error:
        if (refusal := refusal_of(error)) is None:
            raise
        words = problem(refusal, request.language, request.correlation_id, _messages())
        return Outcome(index=index, problem=words)
    return Outcome(index=index, submitted=done)


@cache
def _messages() -> Messages:
    return Messages()
