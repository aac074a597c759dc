"""Shapes that several routes share."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from chalicelib.domain.event import stamp
from chalicelib.entrypoints.http.route import Wire

MOST_TEXT = 2000  # characters a person may write at once
YEARS = range(2000, 2100)


def _moment(value: object) -> object:
    """RFC 3339 text only: pydantic would also take numbers."""
    if not isinstance(value, str):
        raise PydanticCustomError("field.format", "not a time")
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("field.format", "not a time") from None
    if given.year not in YEARS:
        raise PydanticCustomError("field.format", "not a time of ours")
    return given


_TIME = {"type": "string", "format": "date-time"}
_GIVEN = {**_TIME, "pattern": "^20[0-9]{2}-"}
Moment = Annotated[datetime, PlainSerializer(stamp), WithJsonSchema(_TIME)]
GivenMoment = Annotated[AwareDatetime, BeforeValidator(_moment), WithJsonSchema(_GIVEN)]

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9.-]{4,63}$")]
AgencyCodeText = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=35)
]
ProcedureCodeText = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9.-]{1,31}$")]
FileIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{7,63}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Subject = Annotated[str, StringConstraints(pattern=r"^(section|paper):[a-z][a-z0-9_]{0,63}$")]
Words = Annotated[str, StringConstraints(max_length=MOST_TEXT, pattern=r"\S")]
Note = Annotated[str, StringConstraints(max_length=MOST_TEXT)]
Rev = Annotated[int, Field(ge=0, le=1_000_000, description="The `rev` that was seen.")]
LegNumber = Annotated[int, Field(ge=1, le=999, description="Which leg, where several run.")]
Dong = Annotated[int, Field(ge=0, le=9_000_000_000_000, description="In đồng.")]
Version = Annotated[int, Field(ge=1, le=9999)]
CLOSED = {"additionalProperties": False}  # keys that do not fit their pattern are refused
Answers = Annotated[dict[Name, Any], Field(json_schema_extra=CLOSED)]


class TextAnswer(Wire):
    """A text in both languages."""

    vi: str
    en: str


class PaperIn(Wire):
    """A paper of the dossier and the uploaded file that shows it."""

    paper_code: Name
    file_id: FileIdText


Papers = Annotated[list[PaperIn], Field(max_length=50)]
