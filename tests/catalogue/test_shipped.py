"""The starting catalogue: sound, and able to carry a dossier from every desk to its end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import catalogue
from catalogue.check import problems
from catalogue.read import Catalogue
from chalicelib.adapters.reference_codec import (
    ReferenceDataError,
    agency_from_data,
    agency_to_data,
    procedure_from_data,
    procedure_to_data,
)
from chalicelib.domain.directory import Agency, Medium, Told
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.procedure import ProcedureVersion, RouteLeg
from chalicelib.domain.terms import RUNGS, LegKind, Rung

FOLDER = Path(catalogue.__file__).parent
CODES = sorted(path.stem for path in (FOLDER / "procedures").glob("*.yaml"))
VACANT = AgencyCode("H15.18.04")


def _version(shipped: Catalogue, code: str) -> ProcedureVersion:
    return next(each for each in shipped.procedures if each.code == code)


def _sample(code: str) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((FOLDER / f"samples/{code}.json").read_text("utf-8"))
    return answers


def _validator(version: ProcedureVersion) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(version.form), validate_formats=True)


def _legs(version: ProcedureVersion) -> Iterator[RouteLeg]:
    return (leg for step in version.route for leg in step.legs)


def _desks(shipped: Catalogue, version: ProcedureVersion) -> list[Agency]:
    found = [each for each in shipped.agencies if each.desk and each.kind in version.receiving]
    assert found
    return found


# -- all of it


def test_nothing_is_wrong(shipped: Catalogue) -> None:
    """What `python -m catalogue.load --check` says before a province loads it."""
    assert problems(shipped) == []


def test_the_twelve_procedures_are_there(shipped: Catalogue) -> None:
    """Those of DOMAIN.md, § 3, and a sample of answers for each."""
    assert {each.code for each in shipped.procedures} == set(CODES)
    assert set(CODES) == {
        *("1.000894", "1.001193", "1.001612", "1.001776", "1.004194", "1.004222"),
        *("1.012785", "1.013225", "2.000815", "2.000908", "3.000722", "X-BTXH05"),
    }
    assert {path.stem for path in (FOLDER / "samples").glob("*.json")} == set(CODES)


# -- samples


@pytest.mark.parametrize("code", CODES)
def test_the_sample_is_valid(shipped: Catalogue, code: str) -> None:
    """Demos and tests of other parts submit it."""
    validator = _validator(_version(shipped, code))
    assert [error.message for error in validator.iter_errors(_sample(code))] == []


@pytest.mark.parametrize("code", CODES)
def test_the_form_refuses_what_is_not_the_sample(shipped: Catalogue, code: str) -> None:
    """A form that takes anything would make the sample's validity worth nothing."""
    version, sample = _version(shipped, code), _sample(code)
    validator = _validator(version)
    assert not validator.is_valid(sample | {"stranger": {}})
    for name in version.form["required"]:
        assert not validator.is_valid({key: sample[key] for key in sample if key != name}), name
        for item in version.form["properties"][name]["required"]:
            short = {key: sample[name][key] for key in sample[name] if key != item}
            assert not validator.is_valid(sample | {name: short}), f"{name}/{item}"


def test_a_bank_payment_needs_its_account(shipped: Catalogue) -> None:
    """A condition of the form holds, too: money cannot be sent to no account."""
    sample = _sample("X-BTXH05")
    validator = _validator(_version(shipped, "X-BTXH05"))
    assert not validator.is_valid(sample | {"payment": {"method": "bank", "phone": "0000000003"}})
    assert validator.is_valid(sample | {"payment": {"method": "cash", "phone": "0000000003"}})


# -- competence and escalation


@pytest.mark.parametrize("code", CODES)
def test_every_leg_finds_its_unit_from_every_desk(shipped: Catalogue, code: str) -> None:
    """A dossier that no unit is competent for would hang at its acceptance."""
    directory, version = shipped.directory(), _version(shipped, code)
    for desk in _desks(shipped, version):
        for leg in _legs(version):
            if leg.unit is None:
                assert leg.kind is LegKind.PAYMENT
                continue
            unit = directory.competent(leg.unit, desk.code)
            around = {desk.area, shipped.areas.get(desk.area)}
            assert unit.area in around, f"{desk.code} must not send to another commune"
            assert (unit.medium is Medium.WEBHOOK) == (leg.kind is LegKind.AGENCY)


@pytest.mark.parametrize("code", CODES)
def test_every_lateness_is_heard_by_somebody(shipped: Catalogue, code: str) -> None:
    """R28: whoever holds a leg, each rung reaches a person along the holder's own hierarchy."""
    directory, version = shipped.directory(), _version(shipped, code)
    for desk in _desks(shipped, version):
        units = [directory.competent(leg.unit, desk.code) for leg in _legs(version) if leg.unit]
        for holder in (desk, *units):
            for rung in RUNGS:
                [told] = directory.escalate(holder.code, rung).told
                assert told.agency in directory.hierarchy(holder.code)


def test_a_vacant_head_passes_lateness_to_the_leader(shipped: Catalogue) -> None:
    """The demo of X-BTXH05 shows it: no head, no stand-in, the department's leader hears."""
    directory, version = shipped.directory(), _version(shipped, "X-BTXH05")
    leg = next(leg for leg in _legs(version) if leg.code == "province_decision")
    assert leg.unit
    assert directory.competent(leg.unit, AgencyCode("H15.50.05.13")).code == VACANT
    heard = directory.escalate(VACANT, Rung.HEAD)
    assert heard.vacant == (Rung.HEAD,)
    assert heard.told == (Told(OfficerId("OF-0008"), Rung.LEADER, AgencyCode("H15.18")),)


def test_an_absent_head_has_a_stand_in(shipped: Catalogue) -> None:
    """The other way a post may be empty is shipped as well."""
    [told] = shipped.directory().escalate(AgencyCode("H15.50.06.02"), Rung.HEAD).told
    assert (told.officer, told.stand_in) == ("OF-0024", True)


# -- the codec


def test_plain_data_and_back(shipped: Catalogue) -> None:
    """What is stored is JSON, and must come back as the same version and agency."""
    for version in shipped.procedures:
        data = json.loads(json.dumps(procedure_to_data(version)))
        assert procedure_from_data(data) == version
    for agency in shipped.agencies:
        assert agency_from_data(json.loads(json.dumps(agency_to_data(agency)))) == agency


@pytest.mark.parametrize("code", CODES)
def test_a_field_too_many_or_too_few_is_named(shipped: Catalogue, code: str) -> None:
    """An official who mistypes a key is told which, instead of it being ignored."""
    data = procedure_to_data(_version(shipped, code))
    with pytest.raises(ReferenceDataError, match="/supplement_day: unknown key"):
        procedure_from_data(data | {"supplement_day": 10})
    for key in ("code", "name", "limit", "route", "form"):
        with pytest.raises(ReferenceDataError, match=f"/{key}: "):
            procedure_from_data({name: data[name] for name in data if name != key})


def test_defaults_are_written_out(shipped: Catalogue) -> None:
    """A default that changes later must not change a version that dossiers are pinned to."""
    data = procedure_to_data(_version(shipped, "1.001193"))
    assert data["supplement_days"] == 30
    assert len(data["route"][0]["legs"][0]["ladder"]) == 4
