"""The slips a citizen is handed: supplement (R19), receipt (R20), fee receipt, apology (R28).

Each is about one event of the record; its reason is that event's note.
"""

from datetime import timedelta

from chalicelib.domain.event import Event, moment
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.procedure import Fee, FeeKind, PaperKind
from chalicelib.domain.slips.case import (
    Case,
    about,
    accepted_at,
    appointed_at,
    contact_rows,
    limit_text,
    person_rows,
    submitter_rows,
)
from chalicelib.domain.slips.forms import FormSet
from chalicelib.domain.slips.slip import (
    Align,
    Block,
    Column,
    Paragraph,
    Rows,
    Slip,
    SlipKind,
    Table,
)
from chalicelib.domain.slips.written import in_words, money

_COLUMNS = (PaperKind.ORIGINAL, PaperKind.CERTIFIED_COPY, PaperKind.COPY)


def receipt(case: Case, event: Event, forms: FormSet) -> Slip:
    """Receipt and appointment (giấy tiếp nhận hồ sơ và hẹn trả kết quả)."""
    dossier, say = case.dossier, forms.say
    channel = say(f"channel.{dossier.channel}")
    who = [*submitter_rows(case, forms), (say("channel"), channel)]
    terms = [
        (say("sets"), "01"),
        (say("limit"), limit_text(case, forms)),
        (say("received_at"), case.moment(accepted_at(dossier))),
        (say("due_at"), case.moment(appointed_at(dossier))),
        (say("collect"), " – ".join(filter(None, [case.desk.name.vi, case.desk.address]))),
    ]
    blocks: list[Block] = [
        Rows((*who, *_owner(case, forms))),
        Paragraph(say("papers"), strong=True),
        _papers(case, forms),
        Rows(tuple(terms)),
    ]
    return about(SlipKind.RECEIPT, case, event, tuple(blocks), forms)


def _owner(case: Case, forms: FormSet) -> list[tuple[str, str]]:
    """Only where it is somebody else."""
    if case.owner == case.submitter:
        return []
    return person_rows(case.owner, forms.say("owner"), forms)


def _papers(case: Case, forms: FormSet) -> Table:
    """Those handed in, each counted in the form the procedure asks for."""
    columns = [Column(forms.say(f"paper.{kind}"), 3, Align.CENTRE) for kind in _COLUMNS]
    given = [each for each in case.dossier.ctx.procedure.papers if case.papers.get(each.code)]
    rows = [
        (
            str(n),
            paper.name.vi,
            *(str(case.papers[paper.code]) if kind is paper.kind else "" for kind in _COLUMNS),
        )
        for n, paper in enumerate(given, 1)
    ]
    first = (Column(forms.say("no"), 2, Align.CENTRE), Column(forms.say("paper"), 12))
    return Table((*first, *columns), tuple(rows))


def supplement(case: Case, event: Event, forms: FormSet) -> Slip:
    """What is missing or wrong, each with its reason and what to do (R19)."""
    say, dossier = forms.say, case.dossier
    faulty = event.data["faulty"]
    reason, todo = _words(case.notes.get(event.ev, ""), tuple(faulty))
    until = event.at + timedelta(seconds=dossier.leg(event.data["slip"]).clock.budget)
    rows = [
        (
            str(n),
            dossier.ctx.procedure.called(subject).vi,
            forms.words.get(f"reason.{code}", code.replace("_", " ")),
            todo.get(subject, ""),
        )
        for n, (subject, code) in enumerate(faulty.items(), 1)
    ]
    columns = (
        Column(say("no"), 2, Align.CENTRE),
        Column(say("paper"), 9),
        Column(say("reason"), 6),
        Column(say("todo"), 10),
    )
    blocks: list[Block] = [
        Rows(tuple(submitter_rows(case, forms))),
        Paragraph(say("supplement.please")),
        Table(columns, tuple(rows)),
        Paragraph(say("supplement.until", until=case.moment(until))),
        contact_rows(case, forms),
    ]
    if reason:
        blocks.insert(1, Rows(((say("reason"), reason),)))
    return about(SlipKind.SUPPLEMENT, case, event, tuple(blocks), forms)


def _words(note: str, subjects: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The reason and what to do for each subject: the note has a line for each, in this order."""
    reason, todo, current = [], dict.fromkeys(subjects, ""), ""
    for line in note.split("\n"):
        subject = next((each for each in subjects if line.startswith(f"{each}: ")), "")
        current = subject or current
        if not current:
            reason.append(line)
        else:
            said = line.removeprefix(f"{subject}: ") if subject else line
            todo[current] = f"{todo[current]}\n{said}".strip()
    return "\n".join(reason).strip(), todo


def refusal(case: Case, event: Event, forms: FormSet) -> Slip:
    """Not taken in, or refused on the merits; why, and whom to ask."""
    return _with_reason(SlipKind.REFUSAL, case, event, forms)


def stop(case: Case, event: Event, forms: FormSet) -> Slip:
    """It cannot be gone on with (thông báo dừng giải quyết); why, and whom to ask."""
    return _with_reason(SlipKind.STOP, case, event, forms)


def _with_reason(kind: SlipKind, case: Case, event: Event, forms: FormSet) -> Slip:
    blocks = (
        Rows(tuple(submitter_rows(case, forms))),
        Paragraph(forms.say(f"{kind}.says")),
        Rows(((forms.say("reason"), case.notes.get(event.ev, "")),)),
        Paragraph(forms.say(f"{kind}.then")),
        contact_rows(case, forms),
    )
    return about(kind, case, event, blocks, forms)


def apology(case: Case, event: Event, forms: FormSet) -> Slip:
    """From the unit at fault, with a new date (R28); the appointed one stands as it was given."""
    say, dossier = forms.say, case.dossier
    unit = case.called(AgencyCode(event.data["unit"]), forms)
    promised = case.moment(moment(event.data["promised_at"]))
    facts = [
        (say("procedure"), f"{dossier.ctx.procedure.name.vi} ({dossier.procedure})"),
        (say("received_at"), case.moment(accepted_at(dossier))),
        (say("due_at"), case.moment(dossier.due_at or appointed_at(dossier))),
        (say("late_unit"), unit),
        (say("late_reason"), case.notes.get(event.ev, "")),
        (say("promised_at"), promised),
    ]
    blocks = (
        Rows(tuple(person_rows(case.submitter, say("dear"), forms))),
        Paragraph(say("apology.says")),
        Rows(tuple(facts)),
        Paragraph(say("apology.sorry", promised=promised)),
        contact_rows(case, forms),
    )
    return about(SlipKind.APOLOGY, case, event, blocks, forms)


def fee_receipt(case: Case, event: Event, forms: FormSet) -> Slip:
    """Charge (phí) and fee (lệ phí) apart, what an agency assessed, and what was paid."""
    say, dossier = forms.say, case.dossier
    payer = person_rows(case.submitter, say("payer"), forms)
    paid = event.data["amount"]
    columns = (
        Column(say("no"), 2, Align.CENTRE),
        Column(say("what"), 12),
        Column(say("kind"), 4, Align.CENTRE),
        Column(say("amount"), 6, Align.RIGHT),
    )
    sums = (
        (say("paid"), money(paid)),
        (say("in_words"), in_words(paid)),
        (say("paid_at"), case.moment(event.at)),
    )
    blocks = (
        Rows(
            (*payer, (say("procedure"), f"{dossier.ctx.procedure.name.vi} ({dossier.procedure})"))
        ),
        Table(columns, tuple(_dues(case, event, forms))),
        Rows(sums),
    )
    return about(SlipKind.FEE_RECEIPT, case, event, blocks, forms)


def _dues(case: Case, event: Event, forms: FormSet) -> list[tuple[str, ...]]:
    """What the payment was for: an agency's assessment on its leg, else the procedure's fees."""
    version, channel, say = case.dossier.ctx.procedure, case.dossier.channel, forms.say
    if event.leg is not None:
        return [("1", say("assessed"), say("fee.assessed"), money(event.data["amount"]))]
    listed = [fee for kind in FeeKind for fee in version.fees if fee.kind is kind]
    held = case.dossier.conditions

    def due(fee: Fee) -> str:
        return money(fee.amount(channel, held, case.answers))

    return [
        (str(n), fee.name.vi, say(f"fee.{fee.kind}"), due(fee)) for n, fee in enumerate(listed, 1)
    ]
