"""The mutants: each breaks one rule of the protocol."""

from dataclasses import dataclass

FAKES = "tests/simulator/fake_records.py"
DOMAIN = "chalicelib/domain/"
USES = "chalicelib/use_cases/"
MACHINE = "state_machines/dossier.asl.json"


@dataclass(frozen=True)
class Mutant:
    """Replace `old`, which must occur, by `new` in `path`, and what stands in `also`."""

    name: str
    path: str
    old: str
    new: str
    also: tuple[str, str, str] | None = None

    @property
    def edits(self) -> list[tuple[str, str, str]]:
        edit = (self.path, self.old, self.new)
        return [edit, self.also] if self.also else [edit]


# "A claimed leg is not stored" needs two changes: `record` touches the leg of every event once
# more, so that either line alone may go without any effect.
MUTANTS = [
    Mutant("drop the condition on ev", FAKES, "if (before, change.woke_at) != loaded", "if False"),
    Mutant("drop the mark of a submission", FAKES, "change.mark.key in self.marks", "False"),
    Mutant(
        "drop the epoch of a pause",
        DOMAIN + "clock.py",
        "spent, None, self.epoch + 1)",
        "spent, None, self.epoch)",
    ),
    Mutant(
        "pause loses the consumed time",
        DOMAIN + "clock.py",
        "Clock(self.budget, spent, None",
        "Clock(self.budget, self.consumed, None",
    ),
    Mutant(
        "an extension keeps the old claims",
        DOMAIN + "dossier.py",
        "leg.claimed = tuple(",
        "_ = tuple(",
    ),
    Mutant(
        "a claim is not remembered",
        DOMAIN + "milestones.py",
        "leg.claimed = (*leg.claimed, mark.code)",
        "pass",
    ),
    Mutant(
        "claim an hour early",
        DOMAIN + "milestones.py",
        "if each.at <= now)",
        "if each.at.timestamp() <= now.timestamp() + 3600)",
    ),
    Mutant(
        "claim in ladder order",
        DOMAIN + "milestones.py",
        "key=lambda each: each.at)",
        "key=lambda each: -each.leg.n)",
    ),
    Mutant(
        "a claimed leg is not stored",
        DOMAIN + "milestones.py",
        "    dossier.touched.add(leg.n)\n    escalation",
        "    escalation",
        also=(
            DOMAIN + "dossier.py",
            "if leg:\n            self.touched",
            "if leg and type != 'milestone_passed':\n            self.touched",
        ),
    ),
    Mutant(
        "supplement leaves the leg paused",
        DOMAIN + "citizen.py",
        "dossier.resume_waiting(slip)",
        "pass",
    ),
    Mutant(
        "intake goes on instead of anew",
        DOMAIN + "citizen.py",
        "leg.clock.restart(dossier.ctx.now, budget), (), ()",
        "leg.clock, (), ()",
    ),
    Mutant("step ends with its first leg", DOMAIN + "route.py", "or _required_left(dossier)", ""),
    Mutant(
        "ending leaves legs open",
        DOMAIN + "dossier.py",
        "return self.cancel_open(outcome)",
        "return []",
    ),
    Mutant(
        "settling leaves the clock running",
        DOMAIN + "route.py",
        "dossier.close(dossier.settlement, kind.value)",
        "pass",
    ),
    Mutant(
        "a late callback is applied", DOMAIN + "interagency.py", "if not leg.is_open:", "if False:"
    ),
    Mutant(
        "partial payment ends the leg",
        DOMAIN + "desk.py",
        "for each in paying if dossier.paid >= dossier.dues else []:",
        "for each in paying:",
    ),
    Mutant(
        "supplement asked twice",
        DOMAIN + "desk.py",
        "second = running is None and _is_second(dossier, faulty)",
        "second = False",
    ),
    Mutant("drop the rev check", USES + "decide.py", "dossier.expect(command.rev)", "pass"),
    Mutant(
        "forget a decision's key",
        USES + "changing.py",
        "if idempotency and _replayed",
        "if False and _replayed",
    ),
    Mutant(
        "no re-arming for an earlier deadline",
        DOMAIN + "dossier.py",
        "(earlier and not self.is_closed)",
        "False",
    ),
    Mutant(
        "seq does not rise with the stage",
        DOMAIN + "dossier.py",
        "if place != self._place or",
        "if",
    ),
    Mutant(
        "timers sleep 30 days",
        USES + "lead.py",
        "until = dossier.wake_at or",
        "until = dossier.ctx.now + IDLE or",
    ),
    Mutant(
        "wake_at is never set",
        USES + "changing.py",
        "dossier.finish(next_wake)",
        "dossier.finish(lambda _: None)",
    ),
    Mutant(
        "send a stale stage",
        USES + "lead.py",
        "stage = Stage.ROLLOVER if",
        "stage = Stage.INTAKE if not dossier.is_closed else Stage.ROLLOVER if",
    ),
    Mutant(
        "send a stale seq",
        USES + "lead.py",
        "Next(stage, dossier.seq,",
        "Next(stage, dossier.seq - 1,",
    ),
    Mutant(
        "wake what stands right",
        USES + "lead.py",
        "elif token.seq < dossier.seq:",
        "elif token.seq <= dossier.seq:",
    ),
    Mutant("never wake", USES + "lead.py", "elif token.seq < dossier.seq:", "elif False:"),
    Mutant(
        "never start",
        USES + "lead.py",
        "        _start(dossier, deps)\n    elif",
        "        pass\n    elif",
    ),
    Mutant(
        "superseded executions go on", USES + "lead.py", "or generation < dossier.generation", ""
    ),
    Mutant(
        "a claimed generation is not started",
        USES + "roll_over.py",
        "deps.workflow.start(code, dossier.generation)",
        "pass",
    ),
    Mutant(
        "a generation is started unclaimed",
        USES + "roll_over.py",
        "dossier.generation += 1",
        "pass",
    ),
    Mutant(
        "delivered before it is sent",
        USES + "deliver.py",
        "    sent = _send(delivery, endpoint, dossier, deps)\n",
        "    deps.deliveries.update(_after(delivery, Sent(), deps), delivery.tries)\n"
        "    sent = _send(delivery, endpoint, dossier, deps)\n    return True\n",
    ),
    Mutant(
        "failed messages are forgotten",
        USES + "reconcile.py",
        'if kind == "DEL":',
        'if kind == "NEVER":',
    ),
    Mutant(
        "the reconciler looks at nothing",
        USES + "reconcile.py",
        "if not (overdue or everything):",
        "if True:",
    ),
    Mutant("a timer does not lead to Escalate", MACHINE, '"Next": "Escalate"', '"Next": "Closed"'),
    Mutant(
        "the stage's answer is dropped",
        MACHINE,
        '"ResultPath": "$.next"',
        '"ResultPath": "$.other"',
    ),
    Mutant(
        "Department is unknown to the machine",
        MACHINE,
        '"StringEquals": "Department"',
        '"StringEquals": "Departments"',
    ),
]
