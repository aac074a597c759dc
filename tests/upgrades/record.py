"""Record what this version writes, for all later ones to be tested with; see README.md beside this.

    python -m tests.upgrades.record records v1       dossiers in every status, as they are stored
    python -m tests.upgrades.record payloads v1      what functions are sent, and what they answer
    python -m tests.upgrades.record definition v1    the state machine
    python -m tests.upgrades.record store v1         what two runs of the export leave in a store

What was recorded is kept for ever: nothing is overwritten. Exit status 0 recorded, 2 there already.
"""

import argparse
import shutil
import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Final

from tests import aws
from tests.simulator.asl import DEFINITION
from tests.upgrades import payloads, recorded, stores
from tests.upgrades.province import Province, province
from tests.upgrades.scenes import SCENES


def records(version: str) -> None:
    """The catalogue, the keys, and every scene."""
    folder = recorded.RECORDS / version
    with tempfile.TemporaryDirectory() as keys, province(Path(keys)) as made:
        made.agencies_are_at("https://agency.test/hooks")
        catalogue = [item for item in recorded.items(aws.RECORD) if recorded.is_catalogue(item)]
        recorded.write(folder / f"{recorded.CATALOGUE}.json", {"items": catalogue})
        recorded.write(folder / f"{recorded.KEYS}.json", _keys())
        for name in SCENES:
            recorded.write(folder / f"{name}.json", vars(_scene(made, name)))
            print(f"  {folder.name}/{name}")  # noqa: T201 - a program


def _keys() -> dict[str, str]:
    """Of tests: without it no tracking secret and no callback id of the record is good."""
    return {"secret": b64encode(aws.SECRET).decode()}


def _scene(made: Province, name: str) -> recorded.Recorded:
    made.begin()
    filed = SCENES[name](made)
    made.settle()
    about = (SCENES[name].__doc__ or "").strip()
    return recorded.taken(made, about, filed.code, recorded.versions(recorded.DEFINITIONS)[-1])


def definition(version: str) -> None:
    """The state machine as it is deployed now."""
    recorded.DEFINITIONS.mkdir(exist_ok=True)
    shutil.copyfile(DEFINITION, recorded.DEFINITIONS / f"{version}.asl.json")


WHAT: Final = {
    "records": (records, "records/{}"),
    "payloads": (payloads.record, "payloads/{}"),
    "definition": (definition, "definitions/{}.asl.json"),
    "store": (stores.record, "stores/{}.json"),
}


def main(arguments: list[str] | None = None) -> int:
    """Exit status as above."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.upgrades.record",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("version", help="v1, v2, …: the next number")
    given = parser.parse_args(arguments)
    record, place = WHAT[given.what]
    there = recorded.HERE / place.format(given.version)
    if there.exists():
        print(f"{there} is there and stays; take the next number", file=sys.stderr)  # noqa: T201
        return 2
    record(given.version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
