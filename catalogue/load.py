"""Write the catalogue's tables into the record table, where the functions read them.

Loading twice changes nothing. A published version of a procedure is never changed, because
running dossiers are pinned to it (R2, R3): an edited file gets the next `version`.

    python -m catalogue.load                            everything, into RECORD_TABLE
    python -m catalogue.load webhook AGENCY URL SECRET  where an agency's messages go
"""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

import boto3

from catalogue.check import problems
from catalogue.read import Account, Catalogue, CatalogueError, read
from chalicelib.adapters import schema
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.reference_codec import (
    ReferenceDataError,
    agency_to_data,
    procedure_from_data,
    procedure_to_data,
)
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.procedure import ProcedureVersion

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
STDIN: Final = "-"  # instead of a secret, which would stay in the shell's history
SECRET_BYTES: Final = range(24, 65)  # Standard Webhooks 1.0

_Item = dict[str, Any]
_Items = Iterator[_Item]


def load(
    table_name: str | None = None, *, replace: bool = False, accounts: bool = True
) -> dict[str, int]:
    """Read, check and store the tables; returns the number of items by table.

    `table_name` defaults to RECORD_TABLE. With `replace` a published version may be overwritten,
    which only development should do; without `accounts` no demo account is stored. Raise
    CatalogueError, and then nothing is stored.
    """
    catalogue = read()
    if wrong := problems(catalogue):
        raise CatalogueError("\n".join(wrong))
    table = _table(table_name)
    if not replace:
        _refuse_changed(catalogue.procedures, table)
    items = _items(catalogue, _published(table), catalogue.accounts if accounts else ())
    with table.batch_writer() as batch:
        for each in items.values():
            for item in each:
                batch.put_item(Item=item)
    return {name: len(each) for name, each in items.items()}


def _items(
    catalogue: Catalogue, published: Mapping[str, int], accounts: Iterable[Account]
) -> dict[str, list[_Item]]:
    calendar = catalogue.calendar
    return {
        "procedures": list(_versions(catalogue.procedures)),
        "catalogue": list(_lines(catalogue.procedures, published)),
        "agencies": [
            _item(_agency(agency.code), agency_to_data(agency)) for agency in catalogue.agencies
        ],
        "areas": [_item(_directory(keys.AREAS), catalogue.areas)],
        "calendars": [_item(_directory(keys.CALENDARS + calendar["code"]), calendar)],
        "officers": [
            _item(_directory(keys.OFFICERS + each.account), account_data(each)) for each in accounts
        ],
    }


def _versions(procedures: Iterable[ProcedureVersion]) -> _Items:
    for version in procedures:
        yield _item(keys.version(version.code, version.version), procedure_to_data(version))


def _lines(procedures: Iterable[ProcedureVersion], published: Mapping[str, int]) -> _Items:
    """One line of the catalogue each, except where a later version has been published since."""
    for version in procedures:
        if published.get(version.code, 0) <= version.version:
            data = procedure_to_data(version)
            line = {key: data[key] for key in ("code", "version", "name", "field", "receiving")}
            yield _item(keys.catalogue_line(version.code), line)


def account_data(account: Account) -> dict[str, Any]:
    """JSON-able; `id` is what a token is made for: the account, or a citizen's number."""
    return {**asdict(account), "id": account.id or account.account}


def _directory(sort: str) -> keys.Key:
    return {"PK": keys.DIRECTORY, "SK": sort}


def _agency(code: AgencyCode) -> keys.Key:
    return _directory(keys.AGENCIES + code)


def _item(key: keys.Key, data: Mapping[str, Any]) -> _Item:
    return {**key, "v": schema.WRITTEN, "data": json.dumps(data, ensure_ascii=False)}


def _data(item: schema.Data) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(schema.present(item)["data"])
    return data


def _table(name: str | None) -> Any:
    if not (name := name or os.environ.get("RECORD_TABLE")):
        raise CatalogueError("RECORD_TABLE is not set: which table shall be written?")
    return boto3.resource("dynamodb").Table(name)


def _get(table: Any, key: keys.Key) -> dict[str, Any] | None:
    item = table.get_item(Key=key, ConsistentRead=True).get("Item")
    return _data(item) if item else None


def _published(table: Any) -> dict[str, int]:
    """Versions in force by procedure code."""
    values = {":pk": keys.CATALOGUE}
    query = {"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": values}
    found: dict[str, int] = {}
    while True:
        page = table.query(**query, ConsistentRead=True)
        lines = map(_data, page["Items"])
        found |= {line["code"]: line["version"] for line in lines}
        if not (last := page.get("LastEvaluatedKey")):
            return found
        query["ExclusiveStartKey"] = last


def _refuse_changed(procedures: Iterable[ProcedureVersion], table: Any) -> None:
    """Raise CatalogueError where a stored version differs from its file."""
    changed = [
        f"{version.code}: version {version.version} is published with other content; "
        "give the file the next version (or --replace, in development)"
        for version in procedures
        if (stored := _get(table, keys.version(version.code, version.version)))
        and not _same(stored, version)
    ]
    if changed:
        raise CatalogueError("\n".join(changed))


def _same(stored: Mapping[str, Any], version: ProcedureVersion) -> bool:
    try:
        return procedure_from_data(stored) == version
    except ReferenceDataError:  # stored in a shape the domain has left behind
        return False


def set_webhook(agency: str, url: str, secret: str, table_name: str | None = None) -> None:
    """Set where an agency's messages go, in the item `AGENCY#code` / `WEBHOOK`.

    The secret it had before stays valid behind the new one, so that it can rotate. Raise
    CatalogueError for an unknown agency, a URL that is not https, or a weak secret.
    """
    table, code = _table(table_name), AgencyCode(agency)
    if _get(table, _agency(code)) is None:
        raise CatalogueError(f"there is no agency {agency}; load the catalogue first")
    _check_webhook(url, secret)
    before = _get(table, keys.webhook(code)) or {"secrets": []}
    earlier = [each for each in before["secrets"] if each != secret]
    data = {**before, "url": url, "secrets": [secret, *earlier][:2]}
    table.put_item(Item=_item(keys.webhook(code), data))


def _check_webhook(url: str, secret: str) -> None:
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or parts.hostname in LOCAL):
        raise CatalogueError("the URL must be https (http only on this machine)")
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith("whsec_") or len(key) not in SECRET_BYTES:
        raise CatalogueError("the secret must be whsec_ and 24 to 64 bytes in base64")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 when the tables are wrong."""
    given = _parser().parse_args(arguments)
    try:
        given.run(given)
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("catalogue.load", description="Load the catalogue into DynamoDB.")
    parser.add_argument("--table", help="the record table (default: RECORD_TABLE)")
    parser.add_argument("--check", action="store_true", help="check the files, write nothing")
    parser.add_argument("--replace", action="store_true", help="overwrite published versions")
    parser.add_argument("--without-accounts", action="store_true", help="no demo accounts")
    parser.set_defaults(run=_run_load)
    webhook = parser.add_subparsers(title="commands").add_parser(
        "webhook", help="set where an agency's messages go"
    )
    webhook.add_argument("agency", metavar="AGENCY", help="its code: G12.H15.01")
    webhook.add_argument("url", metavar="URL", help="https://…")
    webhook.add_argument("secret", metavar="SECRET", help="whsec_…, or - to read it from stdin")
    webhook.set_defaults(run=_run_webhook)
    return parser


def _run_load(given: Namespace) -> None:
    if not given.check:
        loaded = load(given.table, replace=given.replace, accounts=not given.without_accounts)
        print(", ".join(f"{count} {name}" for name, count in loaded.items()))
    elif wrong := problems(read()):
        raise CatalogueError("\n".join(wrong))


def _run_webhook(given: Namespace) -> None:
    secret = sys.stdin.readline().strip() if given.secret == STDIN else given.secret
    set_webhook(given.agency, given.url, secret, given.table)
    print(f"{given.agency} -> {given.url}")


if __name__ == "__main__":
    sys.exit(main())
