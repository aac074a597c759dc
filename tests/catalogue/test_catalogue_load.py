"""Loading into the record table: repeatable, and never over a published version."""

import io
import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import boto3
import pytest

from catalogue.load import load, main, set_webhook
from catalogue.read import Catalogue, CatalogueError
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.reference import DynamoReference
from chalicelib.adapters.reference_codec import agency_from_data, procedure_from_data
from chalicelib.adapters.table import Table
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.procedure import ProcedureVersion
from tests.catalogue.conftest import TABLE

TAX = AgencyCode("G12.H15.01")
URL = "https://tax.example.vn/motcua"


def _secret(letter: str) -> str:
    return "whsec_" + b64encode(letter.encode() * 32).decode()


def _items(table: Any) -> dict[tuple[str, str], Any]:
    """Every item by key, its data read."""
    found = table.scan()["Items"]
    assert all(item.keys() == {"PK", "SK", "v", "data"} for item in found)
    return {(item["PK"], item["SK"]): json.loads(item["data"]) for item in found}


def _edit(table: Any, key: keys.Key, **change: object) -> None:
    item = table.get_item(Key=key)["Item"]
    table.put_item(Item=item | {"data": json.dumps(json.loads(item["data"]) | change)})


def _key(version: ProcedureVersion) -> keys.Key:
    return keys.version(version.code, version.version)


def _stored(table: Any, key: keys.Key) -> Any:
    return json.loads(table.get_item(Key=key)["Item"]["data"])


# -- what is stored


def test_what_is_stored_is_what_was_read(table: Any, shipped: Catalogue) -> None:
    """The functions must see exactly the tables that were checked."""
    counts = load(TABLE)
    items = _items(table)
    assert sum(counts.values()) == len(items)
    for version in shipped.procedures:
        assert procedure_from_data(items["PROC#" + version.code, "V#0001"]) == version
        assert items["CATALOGUE", "PROC#" + version.code]["version"] == version.version
    for agency in shipped.agencies:
        assert agency_from_data(items["DIRECTORY", "AGENCY#" + agency.code]) == agency
    assert items["DIRECTORY", "AREAS"] == shipped.areas
    assert items["DIRECTORY", "CALENDAR#dak-lak"] == shipped.calendar


def test_the_functions_find_it(table: Any, shipped: Catalogue) -> None:
    """Writer and reader agree on keys and shapes."""
    load(table.name)
    set_webhook(TAX, URL, _secret("a"), TABLE)
    reference = DynamoReference(Table(boto3.client("dynamodb"), TABLE))
    assert [reference.procedure(each.code) for each in shipped.procedures] == shipped.procedures
    assert {line.code for line in reference.procedures()} == {v.code for v in shipped.procedures}
    assert {each.code: each for each in reference.directory()} == {
        each.code: each for each in shipped.agencies
    }
    endpoint = reference.endpoint(TAX)
    assert endpoint
    assert (endpoint.url, list(endpoint.secrets)) == (URL, [_secret("a")])


def test_loading_twice_changes_nothing(table: Any) -> None:
    """An operator repeats a load that was interrupted, without a second thought."""
    load(TABLE)
    first = _items(table)
    load(TABLE)
    assert _items(table) == first


def test_accounts_can_be_left_out(table: Any, shipped: Catalogue) -> None:
    """Demo accounts do not belong into a province's real table."""
    assert load(TABLE, accounts=False)["officers"] == 0
    assert not [sort for _, sort in _items(table) if sort.startswith("OFFICER#")]
    assert load(TABLE)["officers"] == len(shipped.accounts)


def test_a_token_is_made_for_the_id(table: Any) -> None:
    """A citizen is known by the personal number, an official by the account."""
    load(TABLE)
    items = _items(table)
    assert items["DIRECTORY", "OFFICER#CT-0001"]["id"] == "066090000001"
    assert items["DIRECTORY", "OFFICER#OF-0014"]["id"] == "OF-0014"


# -- published versions


def test_an_edited_published_version_is_refused(table: Any, shipped: Catalogue) -> None:
    """Running dossiers are pinned to it (R2, R3): another content needs another number."""
    load(TABLE)
    version = shipped.procedures[0]
    _edit(table, _key(version), supplement_days=29)
    before = _items(table)
    with pytest.raises(CatalogueError, match=rf"{version.code}: version 1 is published"):
        load(TABLE)
    assert _items(table) == before, "nothing at all is stored then"


def test_a_version_in_a_shape_of_the_past_is_refused(table: Any, shipped: Catalogue) -> None:
    """What the domain cannot read any more is different content, not nothing."""
    load(TABLE)
    _edit(table, _key(shipped.procedures[0]), retired_field=1)
    with pytest.raises(CatalogueError, match="is published with other content"):
        load(TABLE)


def test_development_may_overwrite(table: Any, shipped: Catalogue) -> None:
    """Who writes a procedure tries it many times before anybody depends on it."""
    load(TABLE)
    first = _items(table)
    _edit(table, _key(shipped.procedures[0]), supplement_days=29)
    load(TABLE, replace=True)
    assert _items(table) == first


def test_a_later_version_stays_in_force(table: Any, shipped: Catalogue) -> None:
    """Loading an old folder must not take back what officials have published since."""
    load(TABLE)
    old = shipped.procedures[0]
    later = keys.catalogue_line(replace(old, version=2).code)
    _edit(table, later, version=2)
    load(TABLE)
    assert _stored(table, later)["version"] == 2


# -- webhooks


def test_a_webhook_is_set_and_rotated(table: Any) -> None:
    """While a secret rotates the old one stays valid; the one before that does not."""
    load(TABLE)
    for letter in "abbc":
        set_webhook(TAX, URL, _secret(letter), TABLE)
    assert _stored(table, keys.webhook(TAX)) == {
        "url": URL,
        "secrets": [_secret("c"), _secret("b")],
    }


def test_loading_keeps_a_webhook(table: Any) -> None:
    """The catalogue is loaded often; secrets are set once."""
    load(TABLE)
    set_webhook(TAX, URL, _secret("a"), TABLE)
    load(TABLE, replace=True)
    assert _stored(table, keys.webhook(TAX))["url"] == URL


@pytest.mark.parametrize(
    ("agency", "url", "secret", "why"),
    [
        ("G99", URL, _secret("a"), "no agency G99"),
        (TAX, "http://tax.example.vn/motcua", _secret("a"), "must be https"),
        (TAX, "https://", _secret("a"), "must be https"),
        (TAX, "ftp://tax.example.vn", _secret("a"), "must be https"),
        (TAX, URL, _secret("a").removeprefix("whsec_"), "must be whsec_"),
        (TAX, URL, "whsec_c2hvcnQ=", "24 to 64 bytes"),
        (TAX, URL, "whsec_not base64", "in base64"),
    ],
)
def test_a_bad_webhook_is_refused(table: Any, agency: str, url: str, secret: str, why: str) -> None:
    """Personal data goes to that address, signed with that secret."""
    load(TABLE)
    before = _items(table)
    with pytest.raises(CatalogueError, match=why):
        set_webhook(agency, url, secret, TABLE)
    assert _items(table) == before


# -- the command line


def test_the_command_loads_and_says_what(table: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator sees what was written."""
    assert main(["--table", table.name, "--without-accounts"]) == 0
    assert capsys.readouterr().out.startswith("12 procedures, 12 catalogue, ")


def test_checking_needs_no_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Officials check their edits on a machine without any cloud."""
    monkeypatch.delenv("RECORD_TABLE", raising=False)
    assert main(["--check"]) == 0
    assert main([]) == 1
    assert "RECORD_TABLE is not set" in capsys.readouterr().err


def test_a_secret_can_come_from_stdin(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it stays out of the shell's history and the process list."""
    load(TABLE)
    monkeypatch.setattr("sys.stdin", io.StringIO(_secret("z") + "\n"))
    assert main(["--table", TABLE, "webhook", TAX, URL, "-"]) == 0
    assert _stored(table, keys.webhook(TAX))["secrets"] == [_secret("z")]
