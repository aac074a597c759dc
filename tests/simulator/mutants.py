"""Break the protocol in one place and see the simulator find it: `python -m tests.simulator.mutants`.

A simulator that never fails proves nothing. Each mutant is one change of the sources, made in a
copy; a run finds it when a rule is violated (or the code no longer runs).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("chalicelib", "state_machines", "tests/simulator", "tests/__init__.py")
FAKES = "tests/simulator/fakes.py"
DOMAIN = "chalicelib/domain/"
USES = "chalicelib/use_cases/"
MACHINE = "state_machines/dossier.asl.json"


@dataclass(frozen=True)
class Mutant:
    """Replace `old`, which must occur, by `new` in `path`."""

    name: str
    path: str
    old: str
    new: str


MUTANTS = [
    Mutant("drop the condition on ev", FAKES, "if before != (stored", "if False and (stored"),
    Mutant("drop the mark of a submission", FAKES, "change.mark.key in self.marks", "False"),
    Mutant("drop the epoch of a pause", DOMAIN + "clock.py", "consumed=spent, since=None, epoch=self.epoch + 1", "consumed=spent, since=None"),
    Mutant("pause loses the consumed time", DOMAIN + "clock.py", "consumed=spent, since=None", "since=None"),
    Mutant("an extension keeps the old claims", DOMAIN + "dossier.py", "leg.claimed = tuple(", "_ = tuple("),
    Mutant("a claim is not remembered", DOMAIN + "milestones.py", "leg.claimed = (*leg.claimed, mark.code)", "pass"),
    Mutant("claim an hour early", DOMAIN + "milestones.py", "if each.at <= now)", "if each.at.timestamp() <= now.timestamp() + 3600)"),
    Mutant("claim in ladder order", DOMAIN + "milestones.py", "key=lambda each: each.at)", "key=lambda each: -each.leg.n)"),
    Mutant("claimed leg is not stored", DOMAIN + "milestones.py", "    dossier.touched.add(leg.n)\n    escalation", "    dossier.touched.discard(leg.n)\n    escalation"),
    Mutant("supplement leaves the leg paused", DOMAIN + "citizen.py", "dossier.resume_waiting(slip)", "pass"),
    Mutant("intake goes on instead of anew", DOMAIN + "citizen.py", "leg.clock.restart(dossier.ctx.now), (), ()", "leg.clock, (), ()"),
    Mutant("step ends with its first leg", DOMAIN + "route.py", "or _required_left(dossier)", ""),
    Mutant("ending leaves legs open", DOMAIN + "dossier.py", "return self.cancel_open(outcome)", "return []"),
    Mutant("settling leaves the clock running", DOMAIN + "route.py", "dossier.close(dossier.settlement, kind.value)", "pass"),
    Mutant("a late callback is applied", DOMAIN + "interagency.py", "if not leg.is_open:", "if False:"),
    Mutant("partial payment ends the leg", DOMAIN + "desk.py", "if dossier.paid >= dossier.dues:", "if True:"),
    Mutant("supplement asked twice", DOMAIN + "desk.py", "second = _is_second(dossier, faulty)", "second = False"),
    Mutant("drop the rev check", USES + "decide.py", "dossier.expect(command.rev)", "pass"),
    Mutant("forget a decision's key", USES + "changing.py", "if idempotency and _replayed", "if False and _replayed"),
    Mutant("no re-arming for an earlier deadline", DOMAIN + "dossier.py", "(earlier and not self.is_closed)", "False"),
    Mutant("seq does not rise with the stage", DOMAIN + "dossier.py", "if place != self._place or", "if"),
    Mutant("timers sleep 30 days", USES + "lead.py", "until = dossier.wake_at or", "until = dossier.ctx.now + IDLE or"),
    Mutant("wake_at is never set", USES + "changing.py", "dossier.finish(next_wake)", "dossier.finish(lambda _: None)"),
    Mutant("send a stale stage", USES + "lead.py", "stage = Stage.ROLLOVER if", "stage = Stage.INTAKE if not dossier.is_closed else Stage.ROLLOVER if"),
    Mutant("send a stale seq", USES + "lead.py", "Next(stage, dossier.seq,", "Next(stage, dossier.seq - 1,"),
    Mutant("wake what stands right", USES + "lead.py", "elif token.seq < dossier.seq:", "elif token.seq <= dossier.seq:"),
    Mutant("never wake", USES + "lead.py", "elif token.seq < dossier.seq:", "elif False:"),
    Mutant("never start", USES + "lead.py", "        deps.workflow.start(code, dossier.generation)\n    elif", "        pass\n    elif"),
    Mutant("superseded executions go on", USES + "lead.py", "or generation < dossier.generation", ""),
    Mutant("a claimed generation is not started", USES + "roll_over.py", "deps.workflow.start(code, dossier.generation)", "pass"),
    Mutant("a generation is started unclaimed", USES + "roll_over.py", "dossier.generation += 1", "pass"),
    Mutant("delivered before it is sent", USES + "deliver.py", "    sent = _send(delivery, dossier, deps)\n", "    deps.deliveries.update(_after(delivery, Sent(), deps), delivery.tries)\n    sent = _send(delivery, dossier, deps)\n    return True\n"),
    Mutant("failed messages are forgotten", USES + "reconcile.py", 'if kind == "DEL":', 'if kind == "NEVER":'),
    Mutant("the reconciler looks at nothing", USES + "reconcile.py", "if not (overdue or everything):", "if True:"),
    Mutant("a timer does not lead to Escalate", MACHINE, '"Next": "Escalate"', '"Next": "Closed"'),
    Mutant("the stage's answer is dropped", MACHINE, '"ResultPath": "$.next"', '"ResultPath": "$.other"'),
    Mutant("Department is unknown to the machine", MACHINE, '"StringEquals": "Department"', '"StringEquals": "Departments"'),
]  # fmt: skip


def found(mutant: Mutant, seeds: str) -> bool:
    """Whether the runs notice the mutant."""
    with tempfile.TemporaryDirectory() as folder:
        for part in COPIED:
            source, copy = ROOT / part, Path(folder) / part
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
        target = Path(folder) / mutant.path
        text = target.read_text()
        if mutant.old not in text:
            raise SystemExit(f"{mutant.name}: {mutant.path} no longer has {mutant.old!r}")
        target.write_text(text.replace(mutant.old, mutant.new))
        return _fails(folder, ["-m", "tests.simulator.run", "--seeds", seeds])


def _fails(folder: str, command: list[str]) -> bool:
    environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=300,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return ended.returncode != 0


def main() -> int:
    """Print every mutant and whether it was found; 1 when fewer than 95 % were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-40", help="seeds per mutant (default: %(default)s)")
    parser.add_argument("--only", default="", help="part of a mutant's name")
    given = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if given.only in mutant.name]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda mutant: found(mutant, given.seeds), chosen))
    for mutant, was_found in zip(chosen, outcomes, strict=True):
        print(f"{'found   ' if was_found else 'SURVIVED'}  {mutant.name}")
    share = sum(outcomes) / len(outcomes)
    print(f"{sum(outcomes)} of {len(outcomes)} mutants found ({share:.0%})")
    return 0 if share >= 0.95 else 1  # noqa: PLR2004 - the share the project asks for


if __name__ == "__main__":
    sys.exit(main())
