"""What `chalice deploy` leaves out of API Gateway: its own answers as problems, and its limits.

Not in a stack: each `chalice deploy` imports the API anew and thereby removes these answers,
and CloudFormation, which still believes in them, would not put them back. So this runs after it.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Final

from infra.problems import GatewayResponse, gateway_responses

Client = Any  # boto3 makes its clients' methods at run time

# Requests a second, and how many may come at once. A province of 100,000 dossiers a year asks a few
# a second, an account may take 10,000: a flood ends here, before it is paid for in functions.
RATE: Final = 500
BURST: Final = 1000
_ALL_METHODS: Final = "*/*"
_MOST: Final = 500  # API Gateway's own limit of one page; there are 21 kinds of answer


@dataclass(frozen=True)
class Done:
    """What was changed."""

    responses: int
    limits: bool
    deployed: bool


def configure(
    client: Client, rest_api_id: str, stage: str, rate: int = RATE, burst: int = BURST
) -> Done:
    """Bring answers and limits of the deployed API up to date; run again, it changes nothing."""
    wanted = gateway_responses()
    changed = _put(client, rest_api_id, wanted)
    release = f"answers {_digest(wanted)}"
    found = client.get_stage(restApiId=rest_api_id, stageName=stage)
    # An answer works from the next deployment on, and each `chalice deploy` makes one without.
    deployed = _release_of(client, rest_api_id, found["deploymentId"]) != release or changed > 0
    if deployed:
        client.create_deployment(restApiId=rest_api_id, stageName=stage, description=release)
    return Done(changed, _limit(client, rest_api_id, found, rate, burst), deployed)


def _put(client: Client, rest_api_id: str, wanted: list[GatewayResponse]) -> int:
    page = client.get_gateway_responses(restApiId=rest_api_id, limit=_MOST)
    found = {item["responseType"]: item for item in page["items"]}
    changed = 0
    for response in wanted:
        values = {
            "statusCode": response.status,
            "responseParameters": response.headers,
            "responseTemplates": {"application/json": response.template},
        }
        held = found.get(response.kind, {})
        if any(held.get(name) != value for name, value in values.items()):
            client.put_gateway_response(restApiId=rest_api_id, responseType=response.kind, **values)
            changed += 1
    return changed


def _digest(wanted: list[GatewayResponse]) -> str:
    text = repr([asdict(each) for each in wanted])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _release_of(client: Client, rest_api_id: str, deployment: str) -> str:
    found = client.get_deployment(restApiId=rest_api_id, deploymentId=deployment)
    return str(found.get("description", ""))


def _limit(client: Client, rest_api_id: str, stage: Any, rate: int, burst: int) -> bool:
    held = stage.get("methodSettings", {}).get(_ALL_METHODS, {})
    if (held.get("throttlingRateLimit"), held.get("throttlingBurstLimit")) == (rate, burst):
        return False
    values = {"rateLimit": rate, "burstLimit": burst}
    client.update_stage(
        restApiId=rest_api_id,
        stageName=stage["stageName"],
        patchOperations=[
            {"op": "replace", "path": f"/{_ALL_METHODS}/throttling/{name}", "value": str(value)}
            for name, value in values.items()
        ],
    )
    return True
