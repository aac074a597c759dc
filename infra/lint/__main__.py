"""`python -m infra.lint` checks the templates."""
# ruff: noqa: T201 - a program that prints

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from infra.lint import check, keeping
from infra.lint.stack import read
from infra.templates import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
An exception to a rule about wildcards is a comment at the end of its line that says why.
exit status: 0 nothing found, 1 something found, 2 wrong use
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is wrong; answers the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.lint",
        description="Check the templates in infra/stacks: what AWS would refuse, and what it would "
        "take though it costs data or shows it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pin",
        action="store_true",
        help="note names of new resources that hold data, so that no later change replaces them",
    )
    given = parser.parse_args(arguments)
    try:
        stacks = read()
    except TemplateError as error:
        print(error, file=sys.stderr)
        return 1
    if given.pin:
        print(f"{keeping.add_pins(stacks)} new in {keeping.PINNED.name}")
    found = [line for stack in stacks for line in check.refused_by_aws(stack)]
    found += [str(each) for each in check.findings(stacks, check.app_functions())]
    for line in found:
        print(line)
    print(f"{len(stacks)} templates, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
