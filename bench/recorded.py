"""A few requests as Lambda gets them, and what AWS answered: to be answered again without AWS.

The API serves them on moto once; `bench/replayed.py` reads the file that is written here.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.replayed import key_of
from chalicelib import bootstrap
from chalicelib.adapters import clients
from chalicelib.domain.ids import FileId
from infra.local.gateway import Gateway, Match
from infra.local.wire import Request
from tests.entrypoints import served
from tests.entrypoints.town import CITIZEN, DESK, Filed, Town

OPERATIONS: Final = ("submit", "track", "decide")  # a first request of a process, then others


Answered = tuple[int, dict[str, str], str]  # status, headers, body


@dataclass
class Recorder:
    """What one request was and caused: its event, calls with their parameters, answers of AWS."""

    event: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    answers: dict[str, Answered] = field(default_factory=dict)
    _body: bytes = b""

    def attach(self, client: Any) -> None:
        """Listen to a client."""
        events = client.meta.events
        events.register("before-parameter-build", self._built)
        events.register("before-send", self._sent)
        events.register("response-received", self._answered)

    def of(self, act: Callable[[], Any]) -> dict[str, Any]:
        """What `act` sends and gets; the reference data that a first request reads, apart."""
        served.forget()
        act()
        self.calls.clear()
        reply = act()
        return {"event": self.event, "calls": [*self.calls], "reply": reply.body}

    def _built(self, params: Mapping[str, Any], model: Any, **_: object) -> None:
        self.calls.append((model.name, dict(params)))

    def _sent(self, request: Any, **_: object) -> None:
        self._body = request.body

    def _answered(self, response_dict: Mapping[str, Any], **_: object) -> None:
        key = key_of(self.calls[-1][0], self._body.decode())
        status, headers = response_dict["status_code"], dict(response_dict["headers"])
        self.answers[key] = status, headers, response_dict["body"].decode()


class _Listening(Gateway):
    recorder: Recorder

    def _event(
        self, request: Request, match: Match, method: str, query: list[tuple[str, str]]
    ) -> dict[str, Any]:
        event = super()._event(request, match, method, query)
        self.recorder.event = event
        return event


def record(folder: Path) -> Path:
    """Write what `OPERATIONS` were into a file in `folder`, with the settings they ran under."""
    with served.served(folder), _silence():
        town, recorder = Town(), Recorder()
        town.client.gateway.__class__ = type("Listening", (_Listening,), {"recorder": recorder})
        filed, body = town.submit(), town.submission()
        for paper in body["papers"]:  # as the store's event has done by then
            assert bootstrap.deps().files.confirm(FileId(paper["file_id"]))
        for account in (CITIZEN, DESK):
            town.client.token(account)
        settings = served.environment(folder)
        recorder.attach(clients.dynamodb())
        acts = _acts(town, filed, body)
        told = {
            "operations": [recorder.of(acts[name]) for name in OPERATIONS],
            "answers": recorder.answers,
            "environment": settings,
        }
    file = folder / "recorded.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    return file


@contextmanager
def _silence() -> Iterator[None]:
    """Log lines would stand in the middle of the table."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _acts(town: Town, filed: Filed, body: object) -> dict[str, Callable[[], Any]]:
    rev, path = town.rev(filed.code), f"/dossiers/{filed.code}"
    before = served.Snapshot()

    def submit() -> Any:
        before.restore()
        return town.post("/dossiers", body, CITIZEN)

    def track() -> Any:
        return town.get(path, secret=filed.secret)

    def decide() -> Any:
        before.restore()
        return town.post(f"{path}/decisions", {"action": "accept", "rev": rev}, DESK)

    return {"submit": submit, "track": track, "decide": decide}
