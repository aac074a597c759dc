"""The field's own terms as enumerations (DOMAIN.md, glossary)."""

from enum import StrEnum


class Status(StrEnum):
    """The national portal's ten statuses; a dossier always has exactly one."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PROCESSING = "processing"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    PAYMENT_REQUESTED = "payment_requested"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    SETTLED = "settled"
    RETURNED = "returned"


FINAL = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.RETURNED})

_BEFORE = {Status.SUBMITTED, Status.REFUSED, Status.WITHDRAWN}
_AFTER = {Status.PROCESSING, Status.WITHDRAWN, Status.STOPPED}

# From -> to, before acceptance; from -> to, after it. Staying where one is needs no permission.
TRANSITIONS_BEFORE_ACCEPTANCE: dict[Status, set[Status]] = {
    Status.SUBMITTED: {
        Status.ACCEPTED,
        Status.REFUSED,
        Status.SUPPLEMENT_REQUESTED,
        Status.PAYMENT_REQUESTED,
        Status.WITHDRAWN,
    },
    Status.SUPPLEMENT_REQUESTED: _BEFORE,
    Status.PAYMENT_REQUESTED: _BEFORE - {Status.WITHDRAWN},
}
TRANSITIONS_AFTER_ACCEPTANCE: dict[Status, set[Status]] = {
    Status.ACCEPTED: {Status.PROCESSING, Status.PAYMENT_REQUESTED, Status.WITHDRAWN},
    Status.PROCESSING: {
        Status.SUPPLEMENT_REQUESTED,
        Status.PAYMENT_REQUESTED,
        Status.WITHDRAWN,
        Status.STOPPED,
        Status.SETTLED,
    },
    Status.SUPPLEMENT_REQUESTED: _AFTER,
    Status.PAYMENT_REQUESTED: _AFTER,
    Status.SETTLED: {Status.RETURNED},
}


class Stage(StrEnum):
    """The visible stages of the state machine."""

    INTAKE = "Intake"
    SUPPLEMENT = "Supplement"
    DEPARTMENT = "Department"
    INTER_AGENCY = "InterAgency"
    PAYMENT = "Payment"
    RETURN = "Return"
    CLOSED = "Closed"
    ROLLOVER = "Rollover"  # not a place of a dossier: tells an execution to start its successor


class LegKind(StrEnum):
    """What a leg (chặng) is for; it decides the stage that shows while the leg runs."""

    INTAKE = "intake"  # the desk checks a new dossier
    REVIEW = "review"  # the desk looks at a dossier sent back, or found incomplete by an agency
    UNIT = "unit"  # a department works in the workspace
    AGENCY = "agency"  # another agency works in its own software, signed messages both ways
    SUPPLEMENT = "supplement"  # the citizen completes the dossier
    PAYMENT = "payment"  # the citizen pays
    RETURN = "return"  # the desk hands out the result
    SUSPENSION = "suspension"  # a unit may not go on, on legal ground, and answers for the wait
    CONSULTATION = "consultation"  # a unit that is asked what it thinks; whoever asks goes on
    SETTLEMENT = "settlement"  # the dossier as a whole, acceptance to result; never shown as a hop


STAGE_OF: dict[LegKind, Stage] = {
    LegKind.INTAKE: Stage.INTAKE,
    LegKind.REVIEW: Stage.INTAKE,
    LegKind.UNIT: Stage.DEPARTMENT,
    LegKind.AGENCY: Stage.INTER_AGENCY,
    LegKind.SUPPLEMENT: Stage.SUPPLEMENT,
    LegKind.PAYMENT: Stage.PAYMENT,
    LegKind.RETURN: Stage.RETURN,
    LegKind.SUSPENSION: Stage.DEPARTMENT,
    LegKind.CONSULTATION: Stage.DEPARTMENT,
}

CITIZEN_LEGS = frozenset({LegKind.SUPPLEMENT, LegKind.PAYMENT})
# While nothing but these runs, the clock of the whole rests: the due date moves.
RESTING_LEGS = CITIZEN_LEGS | {LegKind.SUSPENSION}


class LegState(StrEnum):
    """A leg runs, waits for others, or is over (and how it ended)."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    DECLINED = "declined"  # the receiver did not take it over
    CANCELLED = "cancelled"


OPEN_LEG = frozenset({LegState.RUNNING, LegState.PAUSED})


class Channel(StrEnum):
    """How the dossier was filed; it fixes which time limits hold (R16)."""

    ONLINE = "online"
    COUNTER = "counter"
    POST = "post"


class Level(StrEnum):
    """How much of a procedure can be done online."""

    INFORMATION = "information"  # read about it, nothing more
    PARTIAL_ONLINE = "partial_online"  # một phần
    FULL_ONLINE = "full_online"  # toàn trình


class Role(StrEnum):
    """What a signed-in person may be."""

    CITIZEN = "citizen"
    DESK = "desk"
    OFFICER = "officer"
    HEAD = "head"
    LEADER = "leader"
    CATALOGUE = "catalogue"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Rung(StrEnum):
    """Who is told when a leg is late, from the official up (DOMAIN.md, "Being late")."""

    OFFICER = "officer"
    HEAD = "head"
    LEADER = "leader"
    FOCAL_POINT = "focal_point"


RUNGS: tuple[Rung, ...] = (Rung.OFFICER, Rung.HEAD, Rung.LEADER, Rung.FOCAL_POINT)


class ResultKind(StrEnum):
    """How a settled dossier was settled."""

    GRANTED = "granted"
    REFUSAL = "refusal"  # refused on the merits


class EventType(StrEnum):
    """Everything that can happen to a dossier, in the past tense."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENTED = "supplemented"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"
    RECEIPT_DECLINED = "receipt_declined"
    ASSIGNED = "assigned"
    SENT_BACK = "sent_back"
    COMPLETED = "completed"
    AGENCY_REQUESTED = "agency_requested"
    AGENCY_PROGRESSED = "agency_progressed"
    AGENCY_COMPLETED = "agency_completed"
    AGENCY_INCOMPLETE = "agency_incomplete"
    AGENCY_REFUSED = "agency_refused"
    CALLBACK_FILED = "callback_filed"  # came too late; kept, changes nothing
    PAYMENT_RECORDED = "payment_recorded"
    EXTENDED = "extended"
    APOLOGISED = "apologised"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    STOPPED = "stopped"
    CONSULTED = "consulted"
    CONSULTATION_ANSWERED = "consultation_answered"
    CONTACTED = "contacted"
    OVERRIDDEN = "overridden"  # a leader decided in the holder's place
    PART_RETURNED = "part_returned"  # an independent leg is still open
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    MILESTONE_PASSED = "milestone_passed"
    GENERATION_STARTED = "generation_started"
