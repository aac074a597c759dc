"""Where the execution of a dossier goes next, and waking it up.

The record decides, the execution follows: everything here can be done twice, late or in another
order without harm, because each step reads the record as it is now.
"""

from datetime import timedelta
from typing import Final

from chalicelib.domain.dossier import IDLE, Dossier
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.terms import Stage
from chalicelib.ports import Deps, LateTokenError, Next, Token
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.roll_over import roll_over

MOST_WAITS: Final = 1_000  # per execution: far from the 25,000 events AWS allows (11 a wait)
MOST_AGE: Final = timedelta(days=300)  # of an execution: AWS ends it after a year


def whereto(dossier: Dossier, generation: int, deps: Deps) -> Next:
    """The stage of the record, or Closed for an execution that has a successor."""
    if dossier.is_closed or generation < dossier.generation:
        return Next(Stage.CLOSED, dossier.seq, 1)
    stage = Stage.ROLLOVER if _is_old(dossier) else dossier.stage
    until = dossier.wake_at or dossier.ctx.now + IDLE
    return Next(stage, dossier.seq, deps.clock.timer_seconds(until))


def _is_old(dossier: Dossier) -> bool:
    born = dossier.generation_at or dossier.submitted_at
    waits = dossier.seq - dossier.generation_seq
    return waits >= MOST_WAITS or dossier.ctx.now - born >= MOST_AGE


def look(code: DossierCode, deps: Deps) -> None:
    """Something changed: start the execution, or wake it where it waits for what is over.

    A stage that ended before its token was registered is normal: the registration makes us look
    again. So does the next one of an execution that cannot be woken just now, because it is on
    its way to its next wait. An execution that is gone gets a successor.
    """
    try:
        dossier = deps.records.load(code, context(deps))
    except NotFoundError:
        return
    token = deps.tokens.get(code)
    if token is None or token.generation < dossier.generation:
        _start(dossier, deps)
    elif token.seq < dossier.seq:
        _wake(dossier, token, deps)


def _start(dossier: Dossier, deps: Deps) -> None:
    """One that was started and is gone without ever having waited gets a successor."""
    name = (dossier.code, dossier.generation)
    if not deps.workflow.start(*name) and not deps.workflow.is_running(*name):
        roll_over(*name, deps)


def _wake(dossier: Dossier, token: Token, deps: Deps) -> None:
    try:
        deps.workflow.wake(token.token, whereto(dossier, dossier.generation, deps))
    except LateTokenError:
        moved_on = deps.tokens.get(dossier.code) != token
        if moved_on or deps.workflow.is_running(dossier.code, dossier.generation):
            return
        roll_over(dossier.code, dossier.generation, deps)
