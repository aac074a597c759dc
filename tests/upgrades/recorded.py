"""What earlier versions wrote, as it lies in the files beside this: read, and brought to life."""

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from chalicelib.adapters import clients
from chalicelib.domain.event import moment, stamp
from chalicelib.domain.ids import DossierCode
from tests import aws
from tests.entrypoints import served
from tests.simulator.asl import Execution
from tests.upgrades.province import Json, Province

HERE: Final = Path(__file__).parent
RECORDS, PAYLOADS, DEFINITIONS = (HERE / name for name in ("records", "payloads", "definitions"))
KEYS, CATALOGUE = "_keys", "_catalogue"  # files beside the scenes of a version
NOT_A_SCENES: Final = (*served.CATALOGUE, "AGENCY#")  # partitions of the catalogue


@dataclass(frozen=True)
class Recorded:
    """One scene: the tables' items in DynamoDB's notation, and what goes with them.

    `requests` are the writes that led there; `executions` wait, on the state machine `definition`.
    """

    about: str
    at: str
    dossier: str
    definition: str
    record: list[Json]
    token: list[Json]
    objects: dict[str, Json]
    executions: list[Json]
    requests: list[Json]

    @property
    def code(self) -> DossierCode:
        return DossierCode(self.dossier)

    @property
    def moment(self) -> datetime:
        """When it was recorded, in service time."""
        return moment(self.at)


def versions(folder: Path) -> list[str]:
    """Recorded versions, the oldest first."""
    return sorted((each.name.split(".")[0] for each in folder.iterdir()), key=lambda v: int(v[1:]))


def scenes() -> Iterator[tuple[str, str]]:
    """Every scene of every version."""
    for version in versions(RECORDS):
        for file in sorted((RECORDS / version).glob("[!_]*.json")):
            yield version, file.stem


@cache
def read(version: str, scene: str) -> Recorded:
    """As it was recorded."""
    return Recorded(**json.loads((RECORDS / version / f"{scene}.json").read_text("utf-8")))


@cache
def beside(version: str, name: str) -> Any:
    """The keys, or the catalogue's items, of a version."""
    return json.loads((RECORDS / version / f"{name}.json").read_text("utf-8"))


def definition(name: str) -> str:
    """A state machine that was deployed once."""
    return (DEFINITIONS / f"{name}.asl.json").read_text("utf-8")


def write(file: Path, content: Mapping[str, Any]) -> None:
    """JSON with one item a line: to be read, and compared, by people."""
    lines = [f"{json.dumps(name)}: {_value(value)}" for name, value in content.items()]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _value(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"  {_line(each)}" for each in value) + "\n]"
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


# -- from and to a province


def taken(province: Province, about: str, dossier: str, definition: str) -> Recorded:
    """Everything that a version left behind."""
    running = (run for run in province.machine.executions.values() if run.running)
    return Recorded(
        about=about,
        at=stamp(province.clock.at),
        dossier=dossier,
        definition=definition,
        record=[item for item in items(aws.RECORD) if not is_catalogue(item)],
        token=list(items(aws.TOKEN)),
        objects=_objects(dossier),
        executions=[asdict(run) for run in running],
        requests=list(province.client.heard),
    )


def items(table: str) -> Iterable[Json]:
    """Every item of a table, by key."""
    pages = clients.dynamodb().get_paginator("scan").paginate(TableName=table)
    found = [item for page in pages for item in page["Items"]]
    return sorted(found, key=lambda item: (item["PK"]["S"], item.get("SK", {}).get("S", "")))


def is_catalogue(item: Json) -> bool:
    """Whether an item belongs to every scene."""
    return bool(item["PK"]["S"].startswith(NOT_A_SCENES))


def _objects(dossier: str) -> dict[str, Json]:
    """Of the dossier: the files that are its own, and forms too large for the table."""
    own = [item for item in items(aws.RECORD) if item.get("dossier", {}).get("S") == dossier]
    names = [f"uploads/{item['PK']['S'].removeprefix('F#')}" for item in own if "sha256" in item]
    listed = clients.s3().list_objects_v2(Bucket=aws.FILES, Prefix=f"forms/{dossier}/")
    names += [each["Key"] for each in listed.get("Contents", ())]
    return {name: _object(name) for name in names}


def _object(name: str) -> Json:
    found = clients.s3().get_object(Bucket=aws.FILES, Key=name)
    content = base64.b64encode(found["Body"].read()).decode()
    return {"type": found["ContentType"], "content": content}


def put(table: str, stored: Iterable[Json]) -> None:
    """As they were."""
    for item in stored:
        clients.dynamodb().put_item(TableName=table, Item=item)


def found(province: Province, version: str) -> None:
    """A province with the keys and the catalogue of that version."""
    if province.founded == version:
        return
    secret = base64.b64decode(beside(version, KEYS)["secret"])
    Path(os.environ["SECRET_KEY_FILE"]).write_bytes(secret)
    province.founded_with(beside(version, CATALOGUE)["items"])
    province.founded = version


def restore(province: Province, scene: Recorded, *, executions: bool = True) -> None:
    """The scene as it was left; without its executions, as after an accident."""
    province.begin(scene.moment, definition(scene.definition))
    put(aws.RECORD, scene.record)
    put(aws.TOKEN, scene.token)
    for name, each in scene.objects.items():
        content = base64.b64decode(each["content"])
        clients.s3().put_object(Bucket=aws.FILES, Key=name, Body=content, ContentType=each["type"])
    for table in (aws.RECORD, aws.TOKEN):
        province.news(table)
    for run in scene.executions if executions else ():
        known = {field.name for field in fields(Execution)}
        waiting = Execution(**{key: value for key, value in run.items() if key in known})
        province.machine.resume(waiting, run["data"]["next"]["timeout_seconds"])
