"""Ways to break a sound catalogue, one field at a time."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from catalogue.read import Account, Catalogue
from chalicelib.adapters.reference_codec import procedure_from_data, procedure_to_data
from chalicelib.domain.directory import Agency, Post
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.terms import Role, Rung

Break = Callable[[Catalogue], Catalogue]
Path = Sequence[str | int]

LAND = "1.012785"
LINKED = "3.000722"
COPIES = "2.000815"
RESIDENCE = "1.004222"
HOUSE = "1.013225"
WARD = AgencyCode("H15.50.05")


def agency(code: str, /, **change: Any) -> Break:
    """The same agency with some fields changed."""

    def broken(given: Catalogue) -> Catalogue:
        found = [replace(a, **change) if a.code == code else a for a in given.agencies]
        assert found != given.agencies
        return replace(given, agencies=found)

    return broken


def another(code: str, /, **change: Any) -> Break:
    """One agency more: a copy with some fields changed."""

    def broken(given: Catalogue) -> Catalogue:
        original: Agency = next(a for a in given.agencies if a.code == code)
        return replace(given, agencies=[*given.agencies, replace(original, **change)])

    return broken


def account(name: str, **change: Any) -> Break:
    """The same account with some fields changed."""

    def broken(given: Catalogue) -> Catalogue:
        found = [replace(a, **change) if a.account == name else a for a in given.accounts]
        assert found != given.accounts
        return replace(given, accounts=found)

    return broken


def one_more(made: Account) -> Break:
    """One account more."""
    return lambda given: replace(given, accounts=[*given.accounts, made])


def areas(change: Mapping[str, str]) -> Break:
    """Some areas lie elsewhere."""
    return lambda given: replace(given, areas={**given.areas, **change})


def procedure(code: str, path: Path, value: object) -> Break:
    """One value of a procedure changed, or taken away with `GONE`; `path` is into its data."""

    def broken(given: Catalogue) -> Catalogue:
        found = [
            procedure_from_data(_changed(procedure_to_data(version), path, value))
            if version.code == code
            else version
            for version in given.procedures
        ]
        assert found != given.procedures
        return replace(given, procedures=found)

    return broken


GONE = object()


def _changed(data: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    data = deepcopy(data)
    at: Any = data
    for part in path[:-1]:
        at = at[part]
    if value is GONE:
        del at[path[-1]]
    elif callable(value):
        at[path[-1]] = value(at[path[-1]])
    else:
        at[path[-1]] = value
    return data


def twice(items: list[Any]) -> list[Any]:
    """The first one again at the end."""
    return [*items, items[0]]


def _leg(step: int, leg: int, *path: str | int) -> Path:
    return ("route", step, "legs", leg, *path)


def _paper(n: int, *path: str) -> Path:
    return ("papers", n, *path)


def _verification(part: str) -> Path:
    return ("conditions", "verification", part)


def _unless_checked(step: dict[str, Any]) -> dict[str, Any]:
    """The same step, of which nothing is left where it must be verified."""
    return {**step, "legs": [leg | {"unless": ["verification"]} for leg in step["legs"]]}


_NAME: Path = ("form", "properties", "transferor", "properties", "full_name")
_PARCEL: Path = ("form", "properties", "parcel")
_AREA: Path = (*_PARCEL, "properties", "area")
_KIND: Path = ("form", "properties", "transfer", "properties", "kind")
_STOLEN = {Rung.HEAD: Post(OfficerId("OF-0001"))}

# What is wrong -> how it is broken. The first word of each names the rule's table.
_WAITS: Path = ("form", "properties", "payment")  # of X-BTXH05, with its if and then
_CHECKED = {"name": {"vi": "x", "en": "x"}, "at": "/residence/relationship", "one_of": ["ward"]}
_PAGES: Path = ("fees", 0, "per_page")
_DOCUMENT: Path = (*("form", "properties", "copies", "properties", "documents", "items"),)
_CASE: Path = ("limit", "cases")

BREAKS: Mapping[str, Break] = {
    "agency H15.01: 2 times": another("H15.01", kind="copy"),
    "kind in an area commune in H15.50.05: 2 times": another(
        "H15.50.05.13", code=AgencyCode("H15.50.05.14")
    ),
    "areas: H15 lies within itself": areas({"H15": "H15.50.05"}),
    "parent: H15 lies within itself": agency("H15", parent=WARD),
    "H15.01: there is no parent H16": agency("H15.01", parent=AgencyCode("H16")),
    "H15.01: there is no area H16": agency("H15.01", area="H16"),
    "H15.01: there is no calendar other": agency("H15.01", calendar="other"),
    "H15.01: a webhook is set by an operator": agency("H15.01", webhook_url="https://a.vn"),
    "h15#1: a code is groups of A-Z 0-9": another("H15.01", code=AgencyCode("h15#1"), kind="x"),
    "account OF-0001: 2 times": one_more(
        Account("OF-0001", "Mẫu", (Role.LEADER,), AgencyCode("H15"))
    ),
    "CT-0001: citizens have an id": account("CT-0001", id=""),
    "OF-0001: citizens have an id, officials have none": account("OF-0001", id="066090000009"),
    "CT-0001: officials have an agency_code, citizens have none": account(
        "CT-0001", agency_code=WARD
    ),
    "OF-0001: there is no agency H16": account("OF-0001", agency_code=AgencyCode("H16")),
    "H15.01: OF-0001 (head) is no account of this agency": agency("H15.01", posts=_STOLEN),
    "step appraise: 2 times": procedure(LAND, ("route", 1, "code"), "appraise"),
    "leg appraise: 2 times": procedure(LAND, _leg(1, 0, "code"), "appraise"),
    "paper transfer_contract: 2 times": procedure(LAND, ("papers",), twice),
    "fee appraisal_charge: 2 times": procedure(LAND, ("fees",), twice),
    "milestone due_soon: 2 times": procedure(LAND, _leg(0, 0, "ladder"), twice),
    "milestone due_soon: escalates to no rung": procedure(
        LAND, _leg(0, 0, "ladder", 0, "rung"), None
    ),
    "leg residence: depends on ['birth'], not of its step": procedure(
        LINKED, _leg(1, 0, "depends_on"), ["birth"]
    ),
    "leg tax_obligation: shares ['section:bank'], neither a section nor a paper": procedure(
        LAND, _leg(1, 0, "shares"), ["section:bank"]
    ),
    "leg pay: a payment has neither unit nor limit, and is required": procedure(
        LAND, _leg(2, 0, "unit"), {"kind": "tax_office"}
    ),
    "leg appraise: a route has units, agencies and payments, not review": procedure(
        LAND, _leg(0, 0, "kind"), "review"
    ),
    "leg appraise: needs a limit, and a unit by either kind or agency": procedure(
        LAND, _leg(0, 0, "limit"), None
    ),
    "leg register: needs a limit, and a unit by either kind or agency": procedure(
        LAND, _leg(3, 0, "unit", "agency"), "H15.11.05"
    ),
    "version 10000: they count from 1 to 9999": procedure(LAND, ("version",), 10000),
    "collect_days: must be 1 or more": procedure(LAND, ("collect_days",), 0),
    "fee certificate_fee: is less than nothing": procedure(LAND, ("fees", 1, "online"), -1),
    "fee certification_charge: says no amount": procedure(COPIES, _PAGES, None),
    "fee certification_charge: the first tier is from page 1": procedure(
        COPIES, (*_PAGES, "tiers", 0, "first"), 2
    ),
    "fee certification_charge: tiers out of order": procedure(
        COPIES, (*_PAGES, "tiers", 1, "first"), 1
    ),
    "fee certification_charge: a page costs less than nothing": procedure(
        COPIES, (*_PAGES, "tiers", 1, "price"), -1
    ),
    "fee certification_charge: the most for a copy is 1": procedure(COPIES, (*_PAGES, "most"), 0),
    "fee certification_charge: the form has no list at /copies": procedure(
        COPIES, (*_PAGES, "at"), "/copies"
    ),
    "/copies/documents has no whole number sheets": procedure(COPIES, (*_PAGES, "pages"), "sheets"),
    "/copies/documents has no whole number copies": procedure(
        COPIES, (*_DOCUMENT, "properties", "copies", "minimum"), -1
    ),
    "/copies/documents must require pages": procedure(
        COPIES, (*_DOCUMENT, "required"), ["name", "copies"]
    ),
    "fee residence_fee: exempts 0 percent": procedure(
        RESIDENCE, ("fees", 0, "exemptions", 0, "percent"), 0
    ),
    "fee residence_fee: exempts 101 percent": procedure(
        RESIDENCE, ("fees", 0, "exemptions", 0, "percent"), 101
    ),
    "fee residence_fee: exempts everybody": procedure(
        RESIDENCE, ("fees", 0, "exemptions", 0, "when"), []
    ),
    "fee residence_fee: exemption 1: there is no condition ['child']": procedure(
        RESIDENCE, ("fees", 0, "exemptions", 0, "when"), ["child"]
    ),
    "result: say what the citizen gets": procedure(LAND, ("result",), None),
    "legal_basis: on what ground": procedure(LAND, ("legal_basis",), []),
    "papers/1/name: is not in both languages": procedure(LAND, ("papers", 1, "name", "en"), " "),
    "conditions/verification/name: is not in both languages": procedure(
        LINKED, ("conditions", "verification", "name", "vi"), ""
    ),
    "paper drawings: is less than none": procedure(HOUSE, _paper(1, "originals"), -1),
    "paper drawings: is a copy, and the numbers have none of that": procedure(
        HOUSE, _paper(1), lambda paper: paper | {"copies": 0, "originals": 1}
    ),
    "paper drawings: template ../x: a file of forms/": procedure(
        HOUSE, _paper(1, "template"), "../x"
    ),
    "paper designer_licence: is never required": procedure(
        HOUSE, _paper(2, "required"), value=False
    ),
    "paper designer_licence: there is no condition ['huge']": procedure(
        HOUSE, _paper(2, "when"), ["huge"]
    ),
    "paper designer_licence: no answers lead to it": procedure(
        HOUSE, _paper(2, "unless"), ["large"]
    ),
    "leg land_opinion: no answers lead to it": procedure(HOUSE, _leg(0, 1, "unless"), ["corridor"]),
    "leg land_opinion: there is no condition ['river']": procedure(
        HOUSE, _leg(0, 1, "when"), ["river"]
    ),
    "leg pay: a payment waits for what is due": procedure(LAND, _leg(2, 0, "unless"), ["x"]),
    "conditions: nothing depends on ['neighbours']": procedure(HOUSE, _paper(3, "when"), []),
    "conditions: their names have more than 60 letters together": procedure(
        LINKED, ("conditions",), lambda all_: all_ | {"x" * 49: _CHECKED}
    ),
    "condition Ward: a name is a-z": procedure(
        LINKED, ("conditions",), lambda all_: all_ | {"Ward": _CHECKED}
    ),
    "condition verification: the form has no /residence/kinship": procedure(
        LINKED, _verification("at"), "/residence/kinship"
    ),
    "condition verification: the form has no residence": procedure(
        LINKED, _verification("at"), "residence/relationship"
    ),
    "condition verification: ['uncle'] is no answer at /residence/relationship": procedure(
        LINKED, _verification("one_of"), ["uncle"]
    ),
    "condition verification: only a number is at least or at most": procedure(
        LINKED, _verification("at_most"), 3
    ),
    "condition verification: it holds whatever the answer is": procedure(
        LINKED, _verification("one_of"), ["child", "grandchild", "relative", "ward"]
    ),
    "condition large: no answer makes it hold": procedure(
        HOUSE, ("conditions", "large", "at_least"), 100_001
    ),
    "condition large: it holds whatever the answer is": procedure(
        HOUSE, ("conditions", "large", "at_least"), -5
    ),
    "limit: case 1: there is no condition ['visit']": procedure(
        LINKED, (*_CASE, 0, "when"), ["visit"]
    ),
    "limit: case 2 is for nobody, an earlier one is always taken": procedure(LINKED, _CASE, twice),
    "counter where verification: the legs end 05/06 17:00, the whole 04/06 17:00": procedure(
        LINKED, (*_CASE, 0, "counter", "amount"), 4
    ),
    "online may not take longer than the counter: 6 working_days": procedure(
        LINKED, (*_CASE, 0, "online", "amount"), 6
    ),
    "route where verification: no unit has anything to do": procedure(
        LINKED, ("route",), lambda route: [_unless_checked(route[0])]
    ),
    "form/payment: no more than: if properties are these": procedure(
        "X-BTXH05", (*_WAITS, "then"), {"properties": {}}
    ),
    "form: no more than: if properties are these": procedure(
        "X-BTXH05", ("form", "if"), {"required": ["payment"]}
    ),
    "form/payment: if and then name ['iban'], which it does not have": procedure(
        "X-BTXH05", (*_WAITS, "then", "required"), ["iban"]
    ),
    "receiving: no desk is a ['district']": procedure(
        LAND, ("receiving",), ["commune", "district"]
    ),
    "no cadastre is competent for H15.01": procedure(LAND, _leg(0, 0, "unit", "kind"), "cadastre"),
    "no G99 is competent for H15.01": procedure(
        LAND, _leg(0, 0, "unit"), {"agency": "G99", "kind": ""}
    ),
    "counter: the legs end 11/06 17:00, the whole 10/06 17:00": procedure(
        LAND, _leg(0, 0, "limit", "counter", "amount"), 4
    ),
    "online may not take longer than the counter: 9 working_days": procedure(
        LAND, ("limit", "online", "amount"), 9
    ),
    "form: not a JSON Schema": procedure(LAND, (*_NAME, "maxLength"), "many"),
    "form: must be an object without additional properties": procedure(
        LAND, ("form", "additionalProperties"), GONE
    ),
    "form/parcel: a section is an object": procedure(LAND, (*_PARCEL, "type"), "boolean"),
    "form/parcel: needs title and x-en": procedure(LAND, (*_PARCEL, "x-en"), GONE),
    "form/transferor/full_name: description and x-en-description go together": procedure(
        LAND, (*_NAME, "x-en-description"), GONE
    ),
    "form/parcel: additionalProperties must be false": procedure(
        LAND, (*_PARCEL, "additionalProperties"), GONE
    ),
    "form/parcel: requires ['price'], which it does not have": procedure(
        LAND, (*_PARCEL, "required"), ["price"]
    ),
    "form/parcel/area: needs maxItems": procedure(
        LAND, _AREA, {"type": "array", "title": "a", "x-en": "a"}
    ),
    "form/transfer/kind: every value of enum needs its x-labels": procedure(
        LAND, (*_KIND, "x-labels"), GONE
    ),
    "form/transferor/full_name: needs maxLength": procedure(LAND, (*_NAME, "maxLength"), GONE),
    "form/transferor/full_name: a pattern is ASCII, from ^ to $": procedure(
        LAND, (*_NAME, "pattern"), "[A-Z]+"
    ),
    "form/transferor/full_name: browser and server may read": procedure(
        LAND, (*_NAME, "pattern"), "^\\d+$"
    ),
    "form/parcel/area: needs the least and the most": procedure(LAND, (*_AREA, "maximum"), GONE),
    "form/parcel/area: type 'null' is none of object, array": procedure(
        LAND, (*_AREA, "type"), "null"
    ),
}
