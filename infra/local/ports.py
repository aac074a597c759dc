"""Choosing ports: the API's is asked for, the others are any that are free."""

from __future__ import annotations

import json
import socket

from infra.local.settings import Home, Ports

_FIRST_FREE = 1024  # below, most systems want special rights


class PortTakenError(Exception):
    """Something else listens on the port the API was asked to use, or nobody may."""

    def __init__(self, port: int) -> None:
        other = port + 1 if _FIRST_FREE <= port < (1 << 16) - 1 else 8001
        why = "taken by another program"
        if port < _FIRST_FREE:
            why = "taken, or needs special rights"
        super().__init__(
            f"Port {port} is {why}. End that program, or choose another port:  "
            f"PORT={other} make run"
        )


def choose(home: Home, api: int) -> Ports:
    """The API's port, and the ones used last time where they are free.

    Keeping them keeps presigned links and open pages of the last run working.
    """
    if not is_free(api):
        raise PortTakenError(api)
    kept = _kept(home)
    taken = {api}
    chosen = {}
    for name in ("data", "workflow"):
        chosen[name] = pick(kept.get(name), taken)
    home.ports.write_text(json.dumps(chosen))
    return Ports(api=api, **chosen)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


def _kept(home: Home) -> dict[str, int]:
    """The ports of the last run; a file of another form is as good as none."""
    try:
        content = json.loads(home.ports.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    pairs = content.items() if isinstance(content, dict) else ()
    return {name: port for name, port in pairs if type(port) is int and 0 < port < 1 << 16}


def pick(wanted: int | None, taken: set[int]) -> int:
    """The wanted port, or any, that is free and not in `taken`; adds it there."""
    if not (wanted and wanted not in taken and is_free(wanted)):
        wanted = _any(taken)
    taken.add(wanted)
    return wanted


def _any(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
