"""The slips that stay inside: the control slip travels with the dossier, the register is a book."""

from collections.abc import Sequence

from chalicelib.domain.control_slip import Hop, control_slip
from chalicelib.domain.event import Event
from chalicelib.domain.register import Book
from chalicelib.domain.slips.case import Case, accepted_at, appointed_at, heading
from chalicelib.domain.slips.forms import FormSet
from chalicelib.domain.slips.slip import Align, Column, Rows, Slip, SlipKind, Table
from chalicelib.domain.slips.written import short
from chalicelib.domain.terms import LegKind
from chalicelib.domain.value import value

_HOPS = {  # width by column; the labels are words of the set
    "no": 3,
    "giver": 14,
    "receiver": 14,
    "handed_over": 9,
    "received": 9,
    "giver_signs": 8,
    "receiver_signs": 8,
    "ended": 9,
    "result": 7,
    "note": 12,
}
_REGISTER = {
    "number": 4,
    "code": 17,
    "content": 13,
    "sets": 3,
    "owner": 10,
    "address": 12,
    "phone": 8,
    "received": 8,
    "due": 8,
    "result_received": 8,
    "returned": 8,
    "signs": 6,
    "note": 8,
}


def control(case: Case, last: Event, forms: FormSet) -> Slip:
    """One line per hop with both signatures (R22, R25), as far as the record goes: to `last`."""
    kind, dossier = SlipKind.CONTROL, case.dossier
    form = forms.forms[kind]
    about = (
        (forms.say("procedure"), f"{dossier.ctx.procedure.name.vi} ({dossier.procedure})"),
        (forms.say("owner"), case.owner["full_name"]),
    )
    rows = [_hop(n, hop, case, forms) for n, hop in enumerate(control_slip(dossier), 1)]
    return Slip(
        kind=kind,
        heading=heading(kind, case, case.desk, last.at, f"{last.ev:02d}/{form.sign}", forms),
        title=form.title,
        code_line=forms.say("dossier_code", code=dossier.code),
        blocks=(Rows(about), Table(_columns("hop", _HOPS, forms), tuple(rows))),
        signatures=form.signatures,
        about=dossier.code,
        made_at=last.at,
        qr=f"{case.site}/#code={dossier.code}",  # other agencies get it: the secret is not theirs
        qr_caption=forms.say("follow"),
        landscape=True,
    )


def _hop(n: int, hop: Hop, case: Case, forms: FormSet) -> tuple[str, ...]:
    """Who acted in the software has confirmed there; the rest is signed by hand."""
    confirmed = forms.say("confirmed")
    return (
        str(n),
        case.called(hop.giver, forms),
        case.called(hop.receiver, forms),
        short(hop.handed_over_at, case.zone),
        short(hop.received_at, case.zone),
        confirmed if hop.giver else "",
        confirmed if hop.received_at else "",
        short(hop.closed_at, case.zone),
        forms.say(f"hop.{hop.punctuality}") if hop.punctuality and hop.closed_at else "",
        forms.say(f"leg.{hop.kind}"),
    )


@value(frozen=True, slots=True)
class Entry:
    """One line of the register; a struck one stays, with what is wrong in its note."""

    number: int
    case: Case
    note: str = ""


def register(book: Book, entries: Sequence[Entry], forms: FormSet) -> Slip:
    """Lines of one desk's register that follow each other; at least one."""
    kind, last = SlipKind.REGISTER, entries[-1]
    form, case = forms.forms[kind], entries[0].case
    made_at = max(each.case.dossier.ctx.now for each in entries)
    number = f"{entries[0].number:02d}–{last.number:02d}/{form.sign}"
    return Slip(
        kind=kind,
        heading=heading(kind, case, case.desk, made_at, number, forms),
        title=form.title,
        code_line=forms.say("year", year=book.year),
        blocks=(
            Table(
                _columns("register", _REGISTER, forms),
                tuple(_entry(each, forms) for each in entries),
            ),
        ),
        signatures=form.signatures,
        about=None,
        made_at=made_at,
        landscape=True,
    )


def _entry(entry: Entry, forms: FormSet) -> tuple[str, ...]:
    case, dossier = entry.case, entry.case.dossier
    settled = dossier.settlement and dossier.result_kind and dossier.settlement.closed_at
    returned = [leg.closed_at for leg in dossier.legs if _is_returned(leg.kind, leg.outcome)]
    return (
        str(entry.number),
        dossier.code,
        dossier.ctx.procedure.name.vi,
        "01",
        case.owner["full_name"],
        case.owner.get("address", ""),
        case.owner.get("phone", "") or case.submitter.get("phone", ""),
        short(accepted_at(dossier), case.zone),
        short(appointed_at(dossier), case.zone),
        short(settled or None, case.zone),
        short(returned[-1] if returned else None, case.zone),
        forms.say("confirmed") if returned else "",
        entry.note,
    )


def _is_returned(kind: LegKind, outcome: str) -> bool:
    return kind is LegKind.RETURN and outcome == "returned"


def _columns(prefix: str, widths: dict[str, int], forms: FormSet) -> tuple[Column, ...]:
    narrow = ("no", "number", "sets")
    return tuple(
        Column(forms.say(f"{prefix}.{name}"), width, Align.CENTRE if name in narrow else Align.LEFT)
        for name, width in widths.items()
    )
