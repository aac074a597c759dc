"""What runs of the export leave in the province's store: kept for as long as the province keeps it.

A store is restored by the code of that day, and that may be years later.
"""

import json
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

from chalicelib.adapters.signing import PemSigner
from tests.backup.plane import Plane, Town, next_second, started

STORES: Final = Path(__file__).parent / "stores"
LONG: Final = "x" * 5000  # a form above 4 KB lies in the bucket of files

Json = dict[str, Any]


def record(version: str) -> None:
    """A whole record with a file and a long form, then what changed and what was removed."""
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as plane:
        town = plane.town()
        code = town.submit(1, town.upload("f-1"), text=LONG)
        town.submit(2)
        town.put("MARK#1", "MARK", v=1)
        next_second()
        town.export()
        town.accept(code)
        town.dynamodb.delete_item(
            TableName=town.table.name, Key={"PK": {"S": "MARK#1"}, "SK": {"S": "MARK"}}
        )
        town.export()
        found = {
            "public_key": PemSigner(plane.key).public_key().decode(),
            "items": [[*key, item] for key, item in sorted(town.items().items())],
            "objects": {key: b64encode(town.read(key)).decode() for key in town.stored()},
        }
    STORES.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (STORES / f"{version}.json").write_text(text + "\n", "utf-8")


def read(version: str) -> Json:
    """The store of a version: its public key, the items it should bring back, its objects."""
    found: Json = json.loads((STORES / f"{version}.json").read_text("utf-8"))
    return found


def brought(plane: Plane, objects: Json) -> Town:
    """A town with that store."""
    town = plane.town()
    for key, content in objects.items():
        town.write(key, b64decode(content))
    return town
