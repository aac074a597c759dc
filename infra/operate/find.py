"""`find`: which dossier is meant, by what somebody on the phone can say."""

from __future__ import annotations

import getpass
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from chalicelib import bootstrap
from chalicelib.adapters import table_keys as keys
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.event import stamp
from infra.operate import reading
from infra.operate.audit import audited
from infra.operate.screen import OK, WRONG, Screen, UsageError, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from chalicelib.domain.dossier import Dossier
    from infra.operate.target import Target

Json = dict[str, Any]

NUMBER = re.compile(r"^([0-9]{12}|[0-9]{10}(-[0-9]{3})?|[A-Z0-9]{6,9})$")  # citizen, tax, passport


def summary(dossier: Dossier) -> Json:
    """One line about it, nothing of which is personal."""
    due = dossier.due_at
    return {
        "code": dossier.code,
        "status": dossier.status.value,
        "stage": dossier.stage.value,
        "procedure": f"{dossier.procedure} v{dossier.version}",
        "desk": dossier.desk,
        "holders": sorted({leg.holder for leg in dossier.running()}),
        "filed_at": stamp(dossier.submitted_at),
        "due_at": stamp(due) if due else None,
        "generation": dossier.generation,
    }


def run(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 found, 1 found nothing."""
    found = []
    for code in _codes(given, target, screen):
        try:
            found.append(summary(reading.dossier(code)))
        except NotFoundError:
            screen.aside(f"There is no dossier {code}. Check each letter of the code.")
    rows = [[*each.values()] for each in found]
    shown = table("Hồ sơ · Dossiers", list(found[0]) if found else [], rows)
    screen.result({"dossiers": found}, shown if found else "Nothing was found.")
    return OK if found else WRONG


def _codes(given: argparse.Namespace, target: Target, screen: Screen) -> list[str]:
    if given.owner:
        return _of_owner(target, screen)
    if given.link:
        return [_of_link(given.link)]
    if given.code:
        return [given.code.strip().upper()]
    raise UsageError("Say what is known of it: its CODE, --link URL or --owner.")


def _of_link(link: str) -> str:
    """The code in a tracking link; its secret is for the citizen, and not looked at."""
    parts = urlsplit(link)
    codes = parse_qs(parts.fragment or parts.query).get("code")
    if not codes:
        raise UsageError("That is no tracking link: it has no `code=` behind its #.")
    return codes[0].upper()


def _of_owner(target: Target, screen: Screen) -> list[str]:
    """Everything filed for, or by, the person or organisation with this number.

    The number is read from the terminal or from standard input, so that it stays in no history, and
    is forgotten at once: dossiers know persons by a keyed hash only. There is no index by person,
    so the whole table is read. What one person ever filed is personal: that somebody looked is
    on the operators' log, for whom is not.
    """
    number = _number().strip().upper()
    if not NUMBER.match(number):
        raise UsageError("A citizen's number has 12 digits, a tax number 10 or 10-3.")
    size = reading.size()
    screen.confirm(
        f"This reads the whole table ({size.items:,} items, {size.bytes / 1e6:,.0f} MB, about "
        f"${size.dollars:.2f}). Go on?"
    )
    reference = bootstrap.keys().person_ref(number)
    screen.aside("! What one PERSON filed follows; that you looked is on the log.")
    with audited(target, "find --owner", dossiers="all of one person"):
        return list(_filed(reference, screen))


def _number() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Số định danh hoặc mã số thuế · Number (not shown): ")
    return sys.stdin.readline()


def _filed(reference: str, screen: Screen) -> Iterator[str]:
    where = "SK = :case AND (#owner = :who OR #by = :who)"
    values, names = {":case": keys.CASE, ":who": reference}, {"#owner": "owner", "#by": "by"}
    with screen.progress("Trang · Pages", None) as step:
        for page in reading.scan(where, values, names):
            step()
            yield from (keys.code_of(data["PK"]) for data in page)
