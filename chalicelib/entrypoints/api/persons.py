"""The person block of a dossier (DOMAIN.md, "Applicants"): owner and submitter."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from chalicelib.entrypoints.http.route import Wire


def _day(value: object) -> object:
    """`YYYY-MM-DD`, kept as text; other spellings of ISO 8601 are refused by the pattern."""
    try:
        date.fromisoformat(str(value))
    except ValueError:
        raise PydanticCustomError("field.format", "not a date") from None
    return value


# Marks that no name has, and what looks like nothing or turns the text around.
_UNSEEN = r"<>\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff"
FullName = Annotated[
    str,
    StringConstraints(pattern=rf"^[^{_UNSEEN} ][^{_UNSEEN}]{{0,118}}[^{_UNSEEN} ]$"),
]
_DAY = r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
Day = Annotated[
    str,
    BeforeValidator(_day),
    StringConstraints(pattern=_DAY),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY}),
]
CitizenNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{3}[0-9][0-9]{2}[0-9]{6}$"),
    Field(description="12 digits: place, gender and century, year of birth, six at random."),
]
TaxNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}(-?[0-9]{3})?$")]
Passport = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{6,12}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^(0|\+84)[0-9]{8,10}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>]{1,64}@[^@\s<>]{1,190}$")]
Address = Annotated[str, StringConstraints(min_length=5, max_length=200, pattern=r"\S")]


class _Person(Wire):
    full_name: FullName
    address: Address | None = None
    phone: Phone | None = None
    email: Email | None = None


class Citizen(_Person):
    """A citizen with a personal number."""

    kind: Literal["citizen"]
    number: CitizenNumber
    birth_date: Day | None = None


class Representative(Wire):
    """Who acts for a child, and how they are related."""

    full_name: FullName
    number: CitizenNumber
    relation: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Child(_Person):
    """A child; the number may not exist yet."""

    kind: Literal["child"]
    representative: Representative
    number: CitizenNumber | None = None
    birth_date: Day | None = None


class Foreigner(_Person):
    """A foreigner, by passport."""

    kind: Literal["foreigner"]
    number: Passport
    nationality: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    birth_date: Day | None = None


class Organisation(_Person):
    """An organisation, by tax number, with its legal representative."""

    kind: Literal["organisation"]
    number: TaxNumber
    representative: FullName


class WithoutPapers(_Person):
    """A person who has no papers: known by this dossier alone."""

    kind: Literal["without_papers"]


Person = Annotated[
    Citizen | Child | Foreigner | Organisation | WithoutPapers, Field(discriminator="kind")
]


def as_stored(person: _Person) -> dict[str, Any]:
    """What is kept of it."""
    return person.model_dump(mode="json", exclude_none=True)
