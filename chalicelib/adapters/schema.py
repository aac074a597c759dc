"""Versions of the stored schema: every item says in `v` which one it was written in.

A version of the code reads its own schema and all earlier ones. What is older is lifted when it is
read, one step at a time, and gets the present number with its next change; nothing is migrated.
To change how something is stored (docs/decisions/0021-stored-schemas.md):

1. add the step to `STEPS`; it gets the plain data of any item and tells kinds apart by their keys;
2. let the codecs read the new form, and release that;
3. with the next release let them write it, and raise `WRITTEN`;
4. record the new form: `python -m tests.upgrades.record`.

Attributes that an expression or an index names are read without their item, so they never change:
`ev`, `wake_at`, `open`, `queue`, `due`, `row`, `tries`, `present`, `dossier`, `expires`, `n`.
"""

from collections.abc import Callable
from typing import Any, Final

Data = dict[str, Any]
Step = Callable[[Data], Data]

WRITTEN: Final = 1  # the version that is written
STEPS: Final[tuple[Step, ...]] = ()  # the first makes version 2 of version 1, and so on


class NewerSchemaError(Exception):
    """An item was written by a later version of the code; the message says what to do."""


def known() -> int:
    """The latest version that is understood."""
    return 1 + len(STEPS)


def present(data: Data) -> Data:
    """An item as the codecs read it. Raise NewerSchemaError rather than misread one.

    Counters, tokens and rows of an index have no `v`: they are the same in every version.
    """
    version = int(data.get("v", known()))
    if version == known():
        return data
    if version > known():
        place = "/".join(str(data[name]) for name in ("PK", "SK") if name in data)
        raise NewerSchemaError(
            f"{place} has schema {version}, and this code reads up to {known()}: "
            "deploy the later version again (UPGRADING.md)"
        )
    for step in STEPS[version - 1 :]:
        data = step(data)
    return {**data, "v": known()}
