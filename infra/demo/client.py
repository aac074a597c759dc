"""A client of the public API, as a portal or an app would write one."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]

PDF = "application/pdf"
GENESIS = "0" * 43  # what the first event of a dossier names as the one before it
_TRIES = 8
_TIMEOUT = 30  # seconds
_PASSING = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
)
_READ_AGAIN = frozenset({"dossier.stale", "dossier.busy"})


class ApiError(Exception):
    """The API refused; `code` is the problem's stable code."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        faults = "".join(f"\n  {each['pointer']}: {each['detail']}" for each in problem["errors"])
        super().__init__(f"{status} {self.code}: {problem.get('detail', '')}{faults}")


def unanswered(what: str) -> ApiError:
    """For a request that was sent as often as is sensible."""
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, {"detail": f"no answer: {what}", "errors": []})


class Client:
    """Signs in as demo accounts when they are first needed; one thread at a time."""

    def __init__(self, api: str) -> None:
        self._base = f"{api}/api/v1"
        self._session = session()
        self._tokens: dict[str, str] = {}

    def get(self, path: str, who: str | None = None) -> Json:
        """Read, as `who` where the route needs it. Raise ApiError."""
        return self._call("GET", path, who)

    def post(self, path: str, who: str | None, body: Mapping[str, Any]) -> Json:
        """Write: sent again under one key until it is answered. Raise ApiError."""
        return self._call("POST", path, who, body)

    def upload(self, who: str, content: bytes, name: str = "giay-to.pdf") -> str:
        """Store a PDF file; answers its id."""
        promised = self.post("/uploads", who, description(content, name))
        store(self._session, promised, content)
        return str(promised["file_id"])

    def _call(
        self, method: str, path: str, who: str | None, body: Mapping[str, Any] | None = None
    ) -> Json:
        headers = {"Accept-Language": "en"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        for attempt in range(_TRIES):
            if who:
                headers["Authorization"] = f"Bearer {self._token(who)}"
            answer = self._send(method, path, headers, body)
            if answer is not None and answer.status_code not in _PASSING:
                return _read(answer)
            time.sleep(0.2 * 2**attempt)
        raise unanswered(path)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> requests.Response | None:
        return answer_to(self._session, method, self._base + path, json=body, headers=headers)

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            answer = self._call("POST", "/dev/token", None, {"account": who})
            self._tokens[who] = answer["access_token"]
        return self._tokens[who]


class Dossier:
    """One dossier, and what people do with it."""

    def __init__(self, client: Client, code: str) -> None:
        self.code = code
        self._client = client

    def track(self, who: str) -> Json:
        """As its citizen sees it."""
        return self._client.get(f"/dossiers/{self.code}", who)

    def full(self, who: str) -> Json:
        """As an official concerned sees it."""
        return self._client.get(f"/dossiers/{self.code}/full", who)

    def decide(self, who: str, action: str, **more: Any) -> Json:
        """An official's decision, on the dossier as it is. Raise ApiError."""
        return self._on_newest("decisions", who, {"action": action, **more})

    def supplement(self, who: str, papers: Sequence[Json]) -> Json:
        """The citizen's answer to the slip. Raise ApiError."""
        return self._on_newest("supplement", who, {"papers": list(papers)})

    def withdraw(self, who: str, reason: str) -> Json:
        """The citizen wants it back. Raise ApiError."""
        return self._on_newest("withdraw", who, {"reason": reason})

    def _on_newest(self, what: str, who: str, body: Json) -> Json:
        """Where somebody else wrote first, read again and decide again."""
        for _ in range(_TRIES):
            try:
                rev = self.track(who)["rev"]
                return self._client.post(f"/dossiers/{self.code}/{what}", who, {**body, "rev": rev})
            except ApiError as refused:
                if refused.code not in _READ_AGAIN:
                    raise
                last = refused
        raise last


def session() -> requests.Session:
    """One that no proxy of the environment comes between."""
    made = requests.Session()
    made.trust_env = False
    return made


def description(content: bytes, name: str) -> Json:
    """What the API wants to know of a file before it promises a place for it."""
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    return {"name": name, "type": PDF, "size": len(content), "sha256": digest}


def answer_to(by: requests.Session, method: str, url: str, **more: Any) -> requests.Response | None:
    """None where the line broke before an answer came: whoever sent it may send it again."""
    try:
        return by.request(method, url, timeout=_TIMEOUT, **more)
    except (requests.ConnectionError, requests.Timeout):
        return None


def store(by: requests.Session, promised: Json, content: bytes) -> None:
    """Send a file to its promised place, again until it is answered. Raise ApiError."""
    form = {"data": promised["fields"], "files": {"file": ("file", content, PDF)}}
    for attempt in range(_TRIES):
        answer = answer_to(by, "POST", promised["url"], **form)
        if answer is not None and answer.status_code not in _PASSING:
            break
        time.sleep(0.2 * 2**attempt)
    if answer is None:
        raise unanswered("an upload")
    if not answer.ok:
        raise ApiError(answer.status_code, {"detail": answer.text[:200], "errors": []})


def chain_holds(code: str, events: Sequence[Json]) -> bool:
    """Whether no event is missing or changed: numbered without gaps, each naming the one before."""
    before = GENESIS
    for number, event in enumerate(events, 1):
        if (event["ev"], event["prev"]) != (number, before):
            return False
        before = _digest(code, event)
        if event["digest"] != before:
            return False
    return bool(events)


def _digest(code: str, event: Json) -> str:
    """SHA-256 over the event's canonical JSON, without what stands beside the chain."""
    content = {key: value for key, value in event.items() if key not in {"digest", "note"}}
    content["dossier"] = code
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _read(answer: requests.Response) -> Json:
    try:
        content = answer.json()
    except ValueError:
        content = {"detail": answer.text[:200]}
    if not answer.ok:
        raise ApiError(answer.status_code, {"errors": [], **content})
    return dict(content)
