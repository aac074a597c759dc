"""Every call of AWS under the policy of the function that makes it, as in AWS.

A policy is evaluated by ministack's engine (the AWS algorithm with conditions); what a call asks
for is in `asked`. moto's own enforcement knows neither resources nor conditions.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from ministack.core.iam_evaluator import (
    EvalContext,
    ParsedStatement,
    evaluate,
    parse_policy_document,
    validate_policy_document,
)

from infra.policies import Deployment
from tests.infra.asked import ACCOUNT, REGION, Asked, asked, bucket_arn, missing

TEST: Final = Deployment("aws", REGION, ACCOUNT, "test")
NOT_FOUND: Final = 404
_FORM: Final = "CreateBucket"  # as botocore calls the signing of a form, which names no object

Policy = Mapping[str, Any]
Rules = list[ParsedStatement]

_acting: Final = [""]  # in every thread: a function may have some of its own


@contextmanager
def acting(who: str) -> Iterator[None]:
    """Whatever is called in here is called by this function or role."""
    before, _acting[0] = _acting[0], who
    try:
        yield
    finally:
        _acting[0] = before


@cache
def policy_of(who: str) -> Policy:
    """The shipped policy of a function or role, in the stage of the tests."""
    return TEST.policy(who)


@cache
def rules_of(who: str) -> Rules:
    """The same, read."""
    return read(policy_of(who))


def read(policy: Policy) -> Rules:
    """A policy as the engine takes it. Raise ValueError for what is none, and allows nothing."""
    if wrong := validate_policy_document(dict(policy)):
        raise ValueError(wrong)
    rules: Rules = parse_policy_document(dict(policy))
    return rules


def allows(rules: Rules, request: Asked) -> bool:
    """Whether a principal with this policy, and no other, may."""
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/tested/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=request.action,
        resource_arn=request.resource,
        region=REGION,
        service_context=request.context,
    )
    return bool(evaluate(context, [rules]).decision == "Allow")


@dataclass
class Guard:
    """Notes what every function asks for, and refuses what its policy does not allow.

    Calls that nobody makes are a test's own. `rules` says which policy somebody has; unless
    `refuses`, what is not allowed is noted and done all the same, so that all of it is heard of.
    """

    rules: Callable[[str], Rules] = rules_of
    refuses: bool = True
    made: dict[str, set[Asked]] = field(default_factory=dict)
    refused: list[tuple[str, Asked]] = field(default_factory=list)

    def attach(self, client: BaseClient) -> None:
        """Watch a client; presigned requests are judged when they are signed."""
        events = client.meta.events
        events.register_first("before-parameter-build", self._built, unique_id="guard-built")
        events.register_first("after-call.s3", self._answered, unique_id="guard-answered")

    def send_form(self, request: Mapping[str, Any], bucket: str) -> bool:
        """A presigned form is judged when it arrives, by who signed it."""
        return self.ask(Asked("s3:PutObject", f"{bucket_arn(bucket)}/{request['fields']['key']}"))

    def ask(self, request: Asked) -> bool:
        """Whether whoever is acting gets it; noted either way."""
        who = _acting[0]
        if not who:
            return True
        self.made.setdefault(who, set()).add(request)
        if allows(self.rules(who), request):
            return True
        self.refused.append((who, request))
        return not self.refuses

    def _built(
        self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: object
    ) -> None:
        if not _acting[0] or (model.name == _FORM and context.get("is_presign_request")):
            return
        context["guard"] = dict(params)
        for request in asked(model.service_model.service_name, model.name, params):
            if not self.ask(request):
                raise _denied(model.name, request)

    def _answered(
        self, http_response: Any, model: Any, context: Mapping[str, Any], **_: object
    ) -> None:
        """An object that is not there is admitted only to whoever may list it."""
        if http_response.status_code != NOT_FOUND or "guard" not in context:
            return
        if not self.ask(request := missing(context["guard"])):
            raise _denied(model.name, request)


def _denied(operation: str, request: Asked) -> ClientError:
    answer: Any = {
        "Error": {"Code": "AccessDenied", "Message": f"not allowed: {request}"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    return ClientError(answer, operation)
