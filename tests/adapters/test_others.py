"""The smaller ports: outbox, files, throttle, keys, clock, forms, the way out."""

import hashlib
import socket
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from chalicelib.adapters.clock import MOST_SECONDS, Anchor, ServiceClock
from chalicelib.adapters.forms import JsonSchemaForms
from chalicelib.adapters.keys import SecretKeys
from chalicelib.adapters.throttle import WINDOW, DynamoThrottle
from chalicelib.adapters.webhooks import SignedWebhooks
from chalicelib.domain.delivery import Delivery, DeliveryState, Message
from chalicelib.domain.errors import NotFoundError, ThrottledError
from chalicelib.domain.ids import AgencyCode, DeliveryId, DossierCode, FileId
from chalicelib.ports import CallbackTarget, RaceError, Upload
from tests import aws
from tests.adapters import made
from tests.adapters.conftest import Ports
from tests.simulator import sample

CODE = DossierCode("S1.1-261005-0001")
PDF = b"%PDF-1.7"
DIGEST = b64encode(hashlib.sha256(PDF).digest()).decode()
UPLOAD = Upload(FileId("f-1"), "a.pdf", "application/pdf", len(PDF), DIGEST, "person-1")
DELIVERY = Delivery(
    DeliveryId("S1.1-261005-0001.2.3"),
    CODE,
    3,
    AgencyCode("S3.1"),
    Message.LEG_OPENED,
    made.NOW,
    made.NOW,
)


def _pending(ports: Ports) -> set[str]:
    late = made.NOW + timedelta(days=9)
    keys = set(ports.records.overdue_for_waking(late))
    return {key for key in keys if key.startswith("DEL#")}


def test_outbox(ports: Ports) -> None:
    """A message is stored with its cause, found while it is pending, and updated by one only."""
    ports.records.commit(made.change(made.submitted(), deliveries=[DELIVERY]))
    assert ports.deliveries.get(DELIVERY.id) == DELIVERY
    assert _pending(ports) == {f"DEL#{DELIVERY.id}"}
    tried = replace(DELIVERY, tries=1, next_at=made.NOW + timedelta(seconds=5), last_error="x")
    ports.deliveries.update(tried, 0)
    assert ports.deliveries.get(DELIVERY.id) == tried
    with pytest.raises(RaceError):
        ports.deliveries.update(replace(tried, state=DeliveryState.DEAD), 0)
    ports.deliveries.update(replace(tried, tries=2, state=DeliveryState.DELIVERED), 1)
    assert _pending(ports) == set()
    assert ports.deliveries.get(DeliveryId("no")) is None


def test_a_file_arrives(ports: Ports) -> None:
    """It is present when the store has it, not when somebody says so."""
    ports.files.promise(UPLOAD)
    assert ports.files.confirm(UPLOAD.file) is False
    ports.arrive(UPLOAD.file, PDF)
    assert ports.files.confirm(UPLOAD.file) is True
    assert ports.files.get(UPLOAD.file) == replace(UPLOAD, present=True)
    assert ports.files.get(FileId("no")) is None
    assert ports.files.confirm(FileId("no")) is False


@pytest.mark.parametrize(
    "other",
    [replace(UPLOAD, size=9), replace(UPLOAD, type="image/png"), replace(UPLOAD, sha256="x")],
)
def test_another_file_than_promised(other: Upload, request: pytest.FixtureRequest) -> None:
    """What arrives must be what the policy was signed for, whatever the store checked."""
    from tests.adapters.conftest import real  # noqa: PLC0415 - only here

    ports = real(request.getfixturevalue("table"))
    ports.files.promise(other)
    store: Any = request.getfixturevalue("table")
    assert store
    from chalicelib.adapters import clients  # noqa: PLC0415 - only here

    clients.s3().put_object(
        Bucket=aws.FILES, Key="uploads/f-1", Body=PDF, ContentType="application/pdf"
    )
    assert ports.files.confirm(UPLOAD.file) is False


def test_throttle(ports: Ports) -> None:
    """Guessing secrets ends after ten tries, for this caller only."""
    for _ in range(10):
        ports.throttle.check("a")
        ports.throttle.count("a")
    with pytest.raises(ThrottledError) as stopped:
        ports.throttle.check("a")
    assert 0 < stopped.value.retry_after <= WINDOW
    ports.throttle.check("b")


def test_throttle_opens_again(table: Any) -> None:
    """A citizen who mistyped may go on after a quarter of an hour."""
    now = [1_000_000.0]
    throttle = DynamoThrottle(table, lambda: now[0])
    for _ in range(10):
        throttle.count("a")
    now[0] += WINDOW
    throttle.check("a")


def test_keys(ports: Ports) -> None:
    """The same again for a repeated request; nothing of the input to be read off."""
    secret = ports.keys.tracking_secret(CODE)
    assert (
        secret == ports.keys.tracking_secret(CODE) != ports.keys.tracking_secret(DossierCode("x"))
    )
    assert len(secret) == 22
    assert "066090000001" not in ports.keys.person_ref("066090000001")
    target = CallbackTarget(CODE, 12, AgencyCode("S3.1"))
    assert ports.keys.callback_of(ports.keys.callback_id(CODE, 12, AgencyCode("S3.1"))) == target


@pytest.mark.parametrize("forged", ["", "x", "x.y", "é.ü", "a" * 300])
def test_a_forged_callback_id(forged: str) -> None:
    """An agency can only answer for what it was asked."""
    keys = SecretKeys(lambda: aws.SECRET)
    own = keys.callback_id(CODE, 2, AgencyCode("S3.1"))
    for name in (forged, own[:-1], "A" + own[1:], own + "A"):
        with pytest.raises(NotFoundError):
            keys.callback_of(name)


def test_clock_runs_from_its_anchor() -> None:
    """At 60 times the speed a minute passes in a second, and timers are as much shorter."""
    clock = ServiceClock(Anchor(real=1000, service=5000, speed=60), lambda: 1002)
    assert clock.now() == datetime.fromtimestamp(5120, UTC)
    assert clock.timer_seconds(clock.now() + timedelta(hours=1)) == 60
    assert clock.timer_seconds(clock.now() - timedelta(hours=1)) == 1
    assert clock.timer_seconds(clock.now() + timedelta(days=90_000)) == MOST_SECONDS


def test_ordinary_clock() -> None:
    """Without an anchor it is real time."""
    assert abs((ServiceClock().now() - datetime.now(UTC)).total_seconds()) < 2


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["person"],
    "properties": {
        "person": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string", "maxLength": 3}},
        }
    },
}


def test_forms() -> None:
    """Everything wrong at once, each fault at its own field, missing and unknown ones included."""
    version = replace(sample.procedures()[0], form=SCHEMA)
    forms = JsonSchemaForms()
    assert forms.faults(version, {"person": {"name": "abc"}}) == []
    assert [(fault.pointer, fault.code) for fault in forms.faults(version, {"a/b": 1})] == [
        ("/a~1b", "form.additionalProperties"),
        ("/person", "form.required"),
    ]
    (long,) = forms.faults(version, {"person": {"name": "abcd"}})
    assert (long.pointer, long.code, long.params) == (
        "/person/name",
        "form.maxLength",
        {"limit": 3},
    )


class _Agency(BaseHTTPRequestHandler):
    """Keeps what came; answers what it is told to."""

    came: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012 - one server per test run
    answer = (204, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.came.append((dict(self.headers.items()), body))
        status, headers = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def agency() -> Any:
    server = HTTPServer(("127.0.0.1", 0), _Agency)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Agency.came.clear()
    yield f"http://127.0.0.1:{server.server_port}/hook?a=b"
    server.shutdown()
    server.server_close()


FIRST, SECOND = "whsec_" + b64encode(b"1" * 32).decode(), "whsec_" + b64encode(b"2" * 32).decode()


def test_signed_message(agency: str) -> None:
    """While a secret rotates, an agency can verify with either."""
    assert (
        SignedWebhooks(loopback=True).send(agency, "m-1", [FIRST, SECOND], '{"ố": 1}').error == ""
    )
    headers, body = _Agency.came[0]
    low = {name.lower(): value for name, value in headers.items()}
    for secret in (FIRST, SECOND):
        assert Webhook(secret).verify(body, low) == {"ố": 1}


def test_an_answer_whose_body_never_comes() -> None:
    """Taken is taken: one slow agency must not keep the others waiting, nor our connections."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        sent = pool.submit(SignedWebhooks(loopback=True).send, url, "m-1", [FIRST], "{}")
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            while not connection.recv(65_536).endswith(b"{}"):
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n")
            assert sent.result(5).error == ""
            assert connection.recv(1) == b"", "our side hung up"


@pytest.mark.parametrize(
    ("answer", "error", "gone", "retry_after"),
    [
        ((302, {"location": "http://127.0.0.1:1/"}), "HTTP 302", False, None),
        ((410, {}), "HTTP 410", True, None),
        ((503, {"retry-after": "17"}), "HTTP 503", False, 17),
        ((500, {"retry-after": "soon"}), "HTTP 500", False, None),
    ],
)
def test_refused_message(
    agency: str, answer: Any, error: str, *, gone: bool, retry_after: int | None
) -> None:
    """A redirect is a failure, 410 means never again, and a wait that is asked for is granted."""
    _Agency.answer = answer
    try:
        sent = SignedWebhooks(loopback=True).send(agency, "m-1", [FIRST], "{}")
    finally:
        _Agency.answer = (204, {})
    assert (sent.error, sent.gone, sent.retry_after) == (error, gone, retry_after)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://localhost/",
        "file:///etc/passwd",
        "https://",
    ],
)
def test_nothing_private_is_reached(url: str, agency: str) -> None:
    """A registered URL must not turn the sender into a way into the private network."""
    assert agency
    sent = SignedWebhooks().send(url, "m-1", [FIRST], "{}")
    assert sent.error in ("RefusedAddressError", "ValueError", "KeyError")


def test_a_door_that_is_shut() -> None:
    """An agency that is down is an error to note, never an exception."""
    sent = SignedWebhooks(loopback=True).send("http://127.0.0.1:1/", "m-1", [FIRST], "{}")
    assert sent.error
