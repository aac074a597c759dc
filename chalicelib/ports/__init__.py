"""What the use cases need from the world. Adapters implement it; the simulator does, too.

One contract suite (`tests/adapters/`) runs on every implementation, so that the fakes stay honest.
"""

from chalicelib.domain.value import value
from chalicelib.ports.files import Files, Upload
from chalicelib.ports.outside import (
    CallbackTarget,
    Clock,
    Fault,
    Forms,
    Keys,
    Sent,
    Throttle,
    Webhooks,
)
from chalicelib.ports.records import (
    Change,
    ContextOf,
    Deliveries,
    FileNotReadyError,
    Form,
    Late,
    Mark,
    NumberTakenError,
    Page,
    PaperHandedIn,
    RaceError,
    Records,
    SeenError,
    WorkRow,
)
from chalicelib.ports.reference import Endpoint, Offered, Reference
from chalicelib.ports.workflow import LateTokenError, Next, Token, Tokens, Workflow

__all__ = [
    "CallbackTarget",
    "Change",
    "Clock",
    "ContextOf",
    "Deliveries",
    "Deps",
    "Endpoint",
    "Fault",
    "FileNotReadyError",
    "Files",
    "Form",
    "Forms",
    "Keys",
    "Late",
    "LateTokenError",
    "Mark",
    "Next",
    "NumberTakenError",
    "Offered",
    "Page",
    "PaperHandedIn",
    "RaceError",
    "Records",
    "Reference",
    "SeenError",
    "Sent",
    "Throttle",
    "Token",
    "Tokens",
    "Upload",
    "Webhooks",
    "WorkRow",
    "Workflow",
]


@value(frozen=True, slots=True)
class Deps:
    """All ports, wired once by `bootstrap` (or by a test, or by the simulator)."""

    records: Records
    deliveries: Deliveries
    tokens: Tokens
    workflow: Workflow
    reference: Reference
    files: Files
    clock: Clock
    webhooks: Webhooks
    throttle: Throttle
    keys: Keys
    forms: Forms
    public_url: str
