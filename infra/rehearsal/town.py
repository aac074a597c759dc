"""The emulators of a rehearsal and how its stage finds them."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from infra.deploy.account import Account, names_in
from infra.deploy.stages import Shift, Stage
from infra.local import ports as free_ports
from infra.local.clock import Anchor
from infra.local.process import Child
from infra.local.settings import ACCOUNT, REGION, Home, Ports, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

NAME: Final = "rehearsal"
STEM: Final = f"motcua-{NAME}"
NAMES: Final = names_in(Account(ACCOUNT, REGION), STEM)
_PACKAGE: Final = "infra.rehearsal"
_CHILDREN: Final = ("aws", "engine", "front")


class Town:
    """Three children and an environment in which AWS is here."""

    def __init__(self, home: Home, port: int, speed: float, start: datetime) -> None:
        home.create()
        home.make_secret()
        self.home = home
        self.ports: Ports = free_ports.choose(home, port)
        self.anchor = Anchor(real=time.time(), service=start.timestamp(), speed=speed)
        self._children = {
            name: Child(name, self.environment(), home.logs, _PACKAGE) for name in _CHILDREN
        }

    def environment(self) -> dict[str, str]:
        """Of the children, of the deployment, of whoever looks at it."""
        return {
            **environment(self.home, self.ports, self.anchor.as_dict()),
            "AWS_ENDPOINT_URL_SFN": self.ports.workflow_url,
            **NAMES,
        }

    def stage(self) -> Stage:
        """Like production in everything but where AWS is, who signs people in and how time runs."""
        told = self.environment()
        names = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SFN", "CLOCK_ANCHOR", "DEV_KEY_FILE")
        return Stage(
            NAME,
            REGION,
            like="prod",
            account=ACCOUNT,
            shift=Shift(percent=50, minutes=0.1),
            address=self.ports.api_url,
            environment={
                "STAGE": "local",  # the one whose clock may run fast
                **{name: told[name] for name in names},
            },
            catalogue=(),
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the children; end them whatever happens."""
        os.environ.update(self.environment())
        try:
            for child in self._children.values():
                child.run()
            self._describe()
            yield
        finally:
            self.home.cloud.unlink(missing_ok=True)
            for child in reversed(self._children.values()):
                child.stop(seconds=5)

    def _describe(self) -> None:
        """Tell the demo where everything is."""
        content: dict[str, Any] = {
            "api": self.ports.api_url,
            "data": self.ports.data_url,
            "workflow": self.ports.workflow_url,
            "pids": {"supervisor": os.getpid()},
            "clock": self.anchor.as_dict(),
            "names": NAMES,
        }
        self.home.cloud.write_text(json.dumps(content, indent=2))
