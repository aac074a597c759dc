"""Up, and able to do its work: two questions, and which part it is that fails."""

import os
import socket
from pathlib import Path
from time import monotonic

import boto3
import pytest

from chalicelib import bootstrap
from chalicelib.adapters import clients, probe
from chalicelib.entrypoints.api.system import FAULTS
from chalicelib.watch import Metric
from tests import aws
from tests.entrypoints.functions import answering, calls, make_state_machine
from tests.entrypoints.logs import written
from tests.entrypoints.served import Reply
from tests.entrypoints.town import Town

DEEP = "/health?deep=true"
UP = {"status": "ok", "stage": "local", "now": "2026-10-06T02:00:00Z"}


@pytest.fixture
def whole(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town with a state machine; what a test sets is undone."""
    monkeypatch.setitem(os.environ, "STATE_MACHINE_ARN", os.environ["STATE_MACHINE_ARN"])
    make_state_machine()
    return town


def test_up(town: Town) -> None:
    """Whoever asks every second whether it is alive must not load what it stands on."""
    with calls() as made:
        answer = town.get("/health")
    assert answer.body == {**UP, "checks": {}}
    assert answer.headers["cache-control"] == "no-store"
    assert made == []


def test_able_to_do_its_work(whole: Town) -> None:
    """Once in some seconds, however many monitors ask."""
    with calls() as made:
        answers = [whole.get(DEEP) for _ in range(20)]
    assert all(answer.body == {**UP, "checks": dict.fromkeys(FAULTS, "ok")} for answer in answers)
    assert made == ["Query", "DescribeStateMachine", "GetBucketLocation"]


def test_the_answer_is_not_kept_for_long(whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was mended is seen to be mended within seconds."""
    now = [1_000.0]
    well = (lambda: "key", lambda: "sign-in")
    given = (aws.RECORD, os.environ["STATE_MACHINE_ARN"], "motcua-test-gone", *well)
    looking = probe.Probe(*given, read=lambda: now[0])
    assert looking.failing() == ("files",)
    monkeypatch.setattr(looking, "_bucket", aws.FILES)
    assert looking.failing() == ("files",)
    now[0] += probe.KEPT_SECONDS
    assert looking.failing() == ()
    assert whole


BROKEN = {
    "record": ("RECORD_TABLE", "motcua-test-gone"),
    "catalogue": ("RECORD_TABLE", aws.TOKEN),  # a table that answers, and has none
    "workflow": ("STATE_MACHINE_ARN", "arn:aws:states:ap-southeast-1:123456789012:stateMachine:x"),
    "files": ("FILE_BUCKET", "motcua-test-gone"),
    "key": ("SECRET_KEY_FILE", "/nowhere/secret"),
    "sign_in": ("DEV_KEY_FILE", ""),
}


@pytest.mark.parametrize("part", BROKEN)
def test_what_fails_is_named(part: str, whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who is called at night starts with the right part; a stranger learns no more."""
    monkeypatch.setenv(*BROKEN[part])
    whole.restart()
    with written() as log:
        answer = whole.get(DEEP)
    check_refused(answer, [part])
    assert whole.get("/health").status == 200
    reasons = [line["check"] for line in log.lines if line["message"] == "check failed"]
    assert reasons == ([] if part == "catalogue" else [part])


def test_a_secret_that_was_taken_away(whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that asks has long read it: the next one to start could not."""
    client, name = boto3.client("secretsmanager"), "motcua-test-key"
    secret = Path(os.environ["SECRET_KEY_FILE"]).read_bytes().decode()
    client.create_secret(Name=name, SecretString=secret)
    monkeypatch.delenv("SECRET_KEY_FILE")
    monkeypatch.setenv("SECRET_KEY_NAME", name)
    whole.restart()
    bootstrap.keys().opaque("read, and remembered")
    assert bootstrap.probe().failing() == ()
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    bootstrap.probe.cache_clear()
    check_refused(whole.get(DEEP), ["key"])


@pytest.mark.parametrize(
    ("status", "said"), [(503, {}), (200, {"keys": []}), (200, {"message": "hello"})], ids=str
)
def test_an_issuer_without_keys(status: int, said: dict[str, object]) -> None:
    """Nobody could sign in, and everything else is well."""
    with answering(200, {"keys": [{"kid": "1"}]}) as url:
        assert probe.issuer_key(url) == {"kid": "1"}
    with answering(status, said) as url, pytest.raises((OSError, LookupError)):
        probe.issuer_key(url)


def test_a_deployment_asks_its_issuer(whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no development issuer, at the address that tokens are checked with."""
    monkeypatch.delenv("DEV_KEY_FILE")
    with answering(200, {"keys": [{"kid": "1"}]}) as url:
        monkeypatch.setenv("OIDC_JWKS_URL", f"{url}/jwks.json")
        whole.restart()
        assert bootstrap.probe().failing() == ()
    bootstrap.probe.cache_clear()
    assert bootstrap.probe().failing() == ("sign_in",)


def check_refused(answer: Reply, parts: list[str]) -> None:
    """The answer names the parts, and nothing of names, addresses or errors in AWS."""
    assert answer.refusal == (503, "health.not_able")
    assert answer.faults == [(f"/checks/{part}", f"health.{part}") for part in parts]
    assert answer.headers["retry-after"] == "30"
    text = answer.content.decode()
    assert not any(word in text for word in ("arn:", "motcua-test", "Exception", "Traceback"))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_in_both_languages(language: str, whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences that say what to do, for every check at once."""
    for name, value in (BROKEN["record"], BROKEN["workflow"], BROKEN["files"]):
        monkeypatch.setenv(name, value)
    whole.restart()
    answer = whole.client.call("GET", DEEP, headers={"Accept-Language": language})
    check_refused(answer, ["record", "workflow", "files"])
    said = [answer.body["detail"], *(each["detail"] for each in answer.body["errors"])]
    assert len(set(said)) == 4
    assert all(each.endswith(".") for each in said)


def test_every_check_has_its_sentence() -> None:
    """A check that were added to one side only would be a 500 on the day it fails."""
    assert tuple(FAULTS) == probe.CHECKS


def test_a_service_that_hangs(whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor gives up after some seconds: it must have its answer by then."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_at(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        whole.restart()
        began = monotonic()
        check_refused(whole.get(DEEP), ["record"])
        assert monotonic() - began < 3


def test_access_that_is_denied_is_counted(whole: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that was changed by mistake is an alarm of its own: no retry mends it."""
    refusal = {"__type": "com.amazon#AccessDeniedException"}
    with answering(400, refusal) as url, written() as log:
        point_at(url, monkeypatch)
        whole.restart()
        check_refused(whole.get(DEEP), ["record"])
    assert log.metrics == {Metric.ACCESS_DENIED: 1}


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new clients of DynamoDB go there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
    monkeypatch.setattr(clients, "_made", {})
