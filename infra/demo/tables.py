"""What the demo shows at the end: for each dossier its timeline, control slip and holders."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from infra.demo.clock import moment
from infra.demo.play import milestones
from infra.operate.screen import headed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from infra.demo.client import Json
    from infra.demo.play import Check

HOUR = 3600
_WHO = {"citizen": "người nộp · applicant", "system": "hệ thống · system"}
_PUNCTUAL = {
    "early": "[green]sớm · early",
    "on_time": "[green]đúng hạn · on time",
    "late": "[red]trễ · late",
    None: "dừng · cut short",
}


class Names:
    """Accounts and units as people know them."""

    def __init__(self, accounts: Sequence[Json]) -> None:
        self._accounts = {each["account"]: each["name"] for each in accounts}
        self._units: dict[str, str] = {}

    def learn(self, tracked: Json) -> None:
        """Take the names of units from a tracked dossier's timeline."""
        for each in tracked["timeline"]:
            if each["unit"]:
                self._units[each["unit"]] = each["unit_name"]["vi"]

    def account(self, account: str) -> str:
        """`OF-0014 Trịnh Mẫu Dung`."""
        return f"{account} {self._accounts.get(account, '')}".strip()

    def actor(self, actor: str) -> str:
        """Whoever an event names as its actor: `official:OF-0014@H15.50.05.13`."""
        kind, _, who = actor.partition(":")
        if kind == "official":
            return self.account(who.partition("@")[0])
        return _WHO.get(kind, self.unit(who.partition("@")[0]) if kind == "agency" else kind)

    def unit(self, unit: str) -> str:
        """A unit's code and, where an event showed it, its name."""
        if unit == "citizen":
            return _WHO["citizen"]
        return f"{unit} {self._units.get(unit, '')}".strip()


def at(text: str | None) -> str:
    """Day and minute in Vietnam."""
    return f"{moment(text):%d/%m %H:%M}" if text else ""


def hours(seconds: int) -> str:
    """`1 h 05`."""
    return f"{seconds // HOUR} h {seconds % HOUR // 60:02}"


def report(full: Json, checks: Sequence[Check], names: Names) -> Group:
    """Everything about one dossier."""
    parts = [timeline(full, names), slip(full), rungs(full, names), holders(full, names)]
    return Group(*parts, *(promise(check) for check in checks), Text())


def timeline(full: Json, names: Names) -> Table:
    """What happened, in order."""
    table = headed("Diễn biến · Timeline", "Lúc · At", "Việc · Event", "Chặng · Leg", "Ai · Who")
    table.add_column("Trạng thái · Status")
    table.add_column("Ghi chú · Note", overflow="fold")
    for event in full["events"]:
        table.add_row(
            at(event["at"]),
            event["data"].get("milestone") or event["type"],
            str(event["leg"] or ""),
            names.actor(event["actor"]),
            event["status"],
            event["note"] or "",
            style="yellow" if event["type"] == "milestone_passed" else None,
        )
    return table


def slip(full: Json) -> Table:
    """The control slip: one line per hop."""
    table = headed(
        "Phiếu kiểm soát · Control slip",
        "Chặng · Leg",
        "Giao · Giver",
        "Nhận · Receiver",
        "Giao · Given",
        "Nhận · Taken",
        "Xong · Done",
        "Hạn · Limit",
        "Dùng · Used",
        "Kết quả · Outcome",
        "",
    )
    for hop in full["control_slip"]:
        table.add_row(
            f"{hop['leg']} {hop['code']}",
            hop["giver"] or "",
            hop["receiver"],
            *(at(hop[key]) for key in ("handed_over_at", "received_at", "closed_at")),
            *(hours(hop[key]) for key in ("budget", "consumed")),
            f"{hop['state']}: {hop['outcome']}",
            _PUNCTUAL[hop["punctuality"]],
        )
    return table


def rungs(full: Json, names: Names) -> Table | Text:
    """Who was told at which rung, and which posts were vacant."""
    passed = milestones(full["events"])
    if not passed:
        return Text("Không ai phải nhắc · Nobody had to be told", style="green")
    table = headed("Ai được báo · Who was told", "Mốc · Milestone", "Chặng · Leg")
    table.add_column("Đến lúc · Due")
    table.add_column("Báo lúc · Told")
    table.add_column("Nấc: người · Rung: person")
    table.add_column("Khuyết · Vacant")
    for event in passed:
        data = event["data"]
        heard = (f"{told['rung']}: {names.account(told['officer'])}" for told in data["told"])
        citizen = _WHO["citizen"] if data["effect"] in {"tell_citizen", "remind"} else ""
        table.add_row(
            data["milestone"],
            str(event["leg"]) if event["leg"] else "cả hồ sơ · whole",
            at(data["nominal_at"]),
            at(event["at"]),
            "\n".join(heard) or citizen,
            ", ".join(data["vacant"]),
        )
    return table


def holders(full: Json, names: Names) -> Table:
    """Who held it how long, day and night."""
    held: Counter[tuple[str, ...]] = Counter()
    for period in full["periods"]:
        held[tuple(period["holders"])] += period["seconds"]
    whole = sum(held.values()) or 1
    table = headed("Ai giữ bao lâu · Who held it how long", "Đơn vị · Holder")
    table.add_column("Thời gian · Time", justify="right")
    table.add_column("%", justify="right")
    for units, seconds in held.most_common():
        name = " + ".join(names.unit(unit) for unit in units) or "(đã kết thúc · had ended)"
        table.add_row(name, hours(seconds), f"{100 * seconds / whole:.0f}")
    return table


def promise(check: Check) -> Text:
    """One line: as promised, or not."""
    kept = check.kept
    return Text(f"  {'✓' if kept else '✗'} {check.promise}", style="green" if kept else "bold red")


def summary(lines: Mapping[str, tuple[str, Sequence[Check]]]) -> Table:
    """One line for each story: its dossier and how many promises it kept."""
    table = headed("Như đã hứa · As promised", "", "Câu chuyện · Story", "Hồ sơ · Dossier")
    table.add_column("Kiểm tra · Checks", justify="right")
    for title, (code, checks) in lines.items():
        kept = sum(check.kept for check in checks)
        good = checks and kept == len(checks)
        mark = "[green]✓" if good else "[bold red]✗"
        table.add_row(mark, title, code, f"{kept}/{len(checks)}")
    return table
