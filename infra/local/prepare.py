"""Child `prepare`: sets up the data plane and the catalogue, says so and ends."""

from __future__ import annotations

from infra.local import handlers, resources
from infra.local.guard import die_with_parent, ready
from infra.local.settings import ports_from_environment


def main() -> None:
    """Idempotent: every start runs it."""
    die_with_parent()
    resources.create_data(ports_from_environment())
    handlers.load("seed")()
    ready()


if __name__ == "__main__":
    main()
