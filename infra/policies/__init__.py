"""What each function and each role may do: hand-written policies, rendered for a deployment.

`<function>.json` is the whole policy of that Lambda function's role (`api` serves every route).
`roles/<role>.json` is that of a role no function has, `roles/<role>.trust.json` says who may take
it on. Placeholders are those of `Deployment`. Each statement's `Sid` says why it is there. `PEOPLE`
are taken on by persons whom the deployment names; an operator has what an observer has, and more.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
ROLES: Final = "roles"
API: Final = "api"
FUNCTIONS: Final = tuple(sorted(file.stem for file in FOLDER.glob("*.json")))
ROLE_NAMES: Final = tuple(
    sorted(file.stem for file in (FOLDER / ROLES).glob("*.json") if "." not in file.stem)
)

PEOPLE: Final = ("observer", "operator")
_HAS_TOO: Final = {"operator": "observer"}

Policy = dict[str, Any]

# Neither a wildcard nor a quotation mark: a value that opens more than its own deployment.
_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
# A user or a role, never everybody of an account.
_PERSON: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=.@_/-]+")


@dataclass(frozen=True)
class Deployment:
    """Where a stage runs. Raise ValueError for a value that could widen a policy."""

    partition: str
    region: str
    account: str
    stage: str

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not _PLAIN.fullmatch(value):
                raise ValueError(f"{name}: {value!r} is not made of a-z, 0-9 and - only")

    def render(self, file: str, **more: str) -> Policy:
        """Fill a file of this folder. Raise KeyError for a placeholder it does not know."""
        values = {name.capitalize(): value for name, value in asdict(self).items()}
        text = (FOLDER / file).read_text("utf-8")
        policy: Policy = json.loads(Template(text).substitute(values, **more))
        return policy

    def policy(self, who: str) -> Policy:
        """All that a function or a role may do."""
        policy = self.render(f"{who}.json" if who in FUNCTIONS else f"{ROLES}/{who}.json")
        if less := _HAS_TOO.get(who):
            policy["Statement"] = [*self.policy(less)["Statement"], *policy["Statement"]]
        return policy


def render(function: str, *, partition: str, region: str, account: str, stage: str) -> Policy:
    """The policy of a function (one of `FUNCTIONS`) in one deployment."""
    return Deployment(partition, region, account, stage).render(f"{function}.json")


def render_role(role: str, *, partition: str, region: str, account: str, stage: str) -> Policy:
    """The policy of a role outside Chalice (one of `ROLE_NAMES`), as its file has it."""
    return Deployment(partition, region, account, stage).render(f"{ROLES}/{role}.json")


def render_trust(
    role: str, people: Sequence[str] = (), *, partition: str, region: str, account: str, stage: str
) -> Policy:
    """Who may take that role on; `people`, as ARNs, one of `PEOPLE`. Raise ValueError."""
    if wrong := [each for each in people if not _PERSON.fullmatch(each)]:
        raise ValueError(f"{', '.join(wrong)}: neither a user nor a role")
    where = Deployment(partition, region, account, stage)
    return where.render(f"{ROLES}/{role}.trust.json", People='", "'.join(people))


def chalice_name(function: str) -> str:
    """Under which a function stands in `lambda_functions` of `.chalice/config.json`."""
    return "api_handler" if function == API else function


def lambda_name(function: str, stage: str) -> str:
    """How Chalice names the function in AWS."""
    return f"motcua-{stage}" if function == API else f"motcua-{stage}-{function}"
