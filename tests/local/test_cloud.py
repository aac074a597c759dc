"""The running local cloud: processes, streams, workflow, saving, and every kind of end."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Cloud, alive, eventually

from infra.local.clock import Anchor

STEP = 100


def test_decision_wakes_the_waiting_execution(cloud: Cloud) -> None:
    """The whole chain: table, stream, start, token in the other emulator, wake, end."""
    cloud.case("d1", "Intake", 1)
    eventually(lambda: cloud.token_seq("d1") == 1)
    began = time.monotonic()
    cloud.case("d1", "Department", 2)
    eventually(lambda: cloud.token_seq("d1") == 2)
    assert time.monotonic() - began < 2, "a decision must move the workflow at once"
    cloud.case("d1", "Closed", 3)
    eventually(lambda: cloud.execution("d1") == "SUCCEEDED")


def test_deadline_calls_wake_again(cloud: Cloud) -> None:
    """TimeoutSecondsPath is what ministack ignores: Escalate must run when it passes."""
    cloud.case("late", "Intake", 1, timeout=1, close_at_wake=2)
    eventually(lambda: cloud.execution("late") == "SUCCEEDED")
    wakes = cloud.get("WAKES#late", "N")
    assert wakes is not None and wakes["n"] == "2"  # Locate, then Escalate


def test_handler_error_is_a_lambda_error(cloud: Cloud) -> None:
    """Retry and Catch match on errorType, so the exception's class must arrive there."""
    cloud.case("failing", "Intake", 1, fails="yes")
    eventually(lambda: cloud.token_seq("failing") == 1)
    history = cloud.client("stepfunctions").get_execution_history(
        executionArn="arn:aws:states:ap-southeast-1:123456789012:execution:motcua-local-dossier:failing.g1"
    )
    failed = [event["taskFailedEventDetails"] for event in history["events"] if "taskFailedEventDetails" in event]
    assert [detail["error"] for detail in failed] == ["LookupError"]


def test_spent_token_is_refused(cloud: Cloud) -> None:
    """moto alone takes a spent token and does nothing: a wake-up would be lost in silence."""
    cloud.case("spent", "Intake", 1)
    eventually(lambda: cloud.token_seq("spent") == 1)
    found = cloud.client("dynamodb").get_item(
        TableName="motcua-local-token", Key={"PK": {"S": "spent"}}
    )
    cloud.case("spent", "Department", 2)
    eventually(lambda: cloud.token_seq("spent") == 2)
    client = cloud.client("stepfunctions")
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_success(taskToken=found["Item"]["token"]["S"], output="{}")


def test_upload_reaches_its_handler(cloud: Cloud) -> None:
    """Files are marked present by their event, so the event must come, and limits hold."""
    post = cloud.client("s3").generate_presigned_post(
        "motcua-local-files", "up/1.pdf", Conditions=[["content-length-range", 1, 10]]
    )
    assert _post_file(post, b"%PDF") == 204
    assert _post_file(post, b"x" * 11) == 400
    eventually(lambda: cloud.get("FILE#up/1.pdf", "FILE"))


def _post_file(post: dict[str, Any], content: bytes) -> int:
    border = b"--border"
    parts = [
        border + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in post["fields"].items()
    ]
    file = b'\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + content
    body = b"".join(parts) + border + file + b"\r\n" + border + b"--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=border"}
    request = urllib.request.Request(post["url"], body, kind)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_concurrent_requests_never_mix(cloud: Cloud) -> None:
    """Chalice keeps the current request on the app: threads would answer each other's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    answers = asyncio.run(_echo_all(cloud.port, connections=800, each=5))
    wrong = [sent for sent, got in answers if not _is_echo(sent, got)]
    assert len(answers) == 4000 and not wrong


async def _echo_all(port: int, connections: int, each: int) -> list[tuple[str, Any]]:
    """All requests of a connection are sent at once, so all 4,000 are on their way together."""

    async def talk(number: int) -> list[tuple[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        names = [f"{number}-{turn}" for turn in range(each)]
        for name in names:
            head = f"GET /api/v1/echo/{name}?q={name} HTTP/1.1\r\nHost: local\r\n\r\n"
            writer.write(head.encode())
        answers = [(name, await _read_json(reader)) for name in names]
        writer.close()
        return answers

    talks = await asyncio.gather(*(talk(number) for number in range(connections)))
    return [answer for each_talk in talks for answer in each_talk]


async def _read_json(reader: asyncio.StreamReader) -> Any:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    return json.loads(await reader.readexactly(int(length)))


def _is_echo(sent: str, got: Any) -> bool:
    return bool(got["name"] == got["uri"] == sent and got["query"] == {"q": [sent]} and got["context"])


@pytest.mark.parametrize("child", ["api", "pump", "workflow", "data"])
def test_killed_child_comes_back_and_work_goes_on(cloud: Cloud, child: str) -> None:
    """A crash of any process must cost seconds, not the session, and lose no dossier."""
    dossier = f"killed-{child}"
    cloud.case(dossier, "Intake", 1)
    eventually(lambda: cloud.token_seq(dossier) == 1)
    cloud.saved()
    before = cloud.facts()["pids"]
    os.kill(before[child], signal.SIGKILL)
    eventually(lambda: cloud.facts()["pids"].get(child) not in {None, before[child]})
    eventually(lambda: _accounts(cloud))
    eventually(lambda: cloud.execution(dossier) == "RUNNING")
    cloud.case(dossier, "Department", 2)
    eventually(lambda: cloud.token_seq(dossier) == 2)
    cloud.case(dossier, "Closed", 3)
    eventually(lambda: cloud.execution(dossier) == "SUCCEEDED")


def _accounts(cloud: Cloud) -> Any:
    with urllib.request.urlopen(f"{cloud.facts()['api']}/api/v1/dev/accounts", timeout=5) as answer:
        return json.load(answer)["items"]


def test_second_cloud_on_the_same_home_is_refused(cloud: Cloud) -> None:
    """Two clouds would overwrite each other's state."""
    second = cloud.launch()
    printed = second.communicate(timeout=20)[0]
    assert second.returncode == 2
    assert "running already" in printed


@dataclass(frozen=True)
class Crash:
    """What was true before kill -9 of the supervisor and after the next start."""

    survivors: list[int]
    serial: int
    clock_before: float
    clock_after: float
    speed: float


@pytest.fixture(scope="module")
def crash(cloud: Cloud) -> Crash:
    """kill -9 of the supervisor alone, then a start on the same home at another speed."""
    cloud.put("SEQ#H01#261124", "N", n=7)
    cloud.put("LOG#kept", "ITEM", text="Ê Đê")
    cloud.saved()
    facts = cloud.facts()
    before = Anchor(**facts["clock"]).at(time.time())
    cloud.kill()
    time.sleep(0.5)
    survivors = [pid for pid in facts["pids"].values() if alive(pid)]
    cloud.start(SPEED="100")
    serial = cloud.get("SEQ#H01#261124", "N")
    anchor = Anchor(**cloud.facts()["clock"])
    assert serial is not None
    return Crash(survivors, int(serial["n"]), before, anchor.service, anchor.speed)


def test_no_child_outlives_a_killed_supervisor(crash: Crash) -> None:
    """A left-over data plane would hold ports and overwrite the next run's state."""
    assert crash.survivors == []


def test_what_was_saved_survives_kill_9(cloud: Cloud, crash: Crash) -> None:
    """The save mark is a promise: everything acknowledged before it is on disk."""
    del crash
    kept = cloud.get("LOG#kept", "ITEM")
    assert kept is not None and kept["text"] == "Ê Đê"


def test_serials_move_on_after_an_unclean_end(crash: Crash) -> None:
    """A rolled-back counter would give two citizens one code. Other ends before count too."""
    assert crash.serial >= 7 + STEP and (crash.serial - 7) % STEP == 0


def test_business_clock_never_runs_backwards(crash: Crash) -> None:
    """Not over a crash, not over a change of speed: deadlines that passed stay passed."""
    assert crash.clock_after >= crash.clock_before
    assert crash.speed == 100


def test_clean_end_saves_and_leaves_no_mark(cloud: Cloud, crash: Crash) -> None:
    """Ctrl-C saves what no regular save has seen, and the next start knows it was clean."""
    del crash
    cloud.put("LOG#last", "ITEM", text="written at the last moment")
    pids = cloud.facts()["pids"].values()
    printed = cloud.stop()
    assert "Saved; ended." in printed
    assert not cloud.home.running.exists()
    assert "written at the last moment" in (cloud.home.state / "dynamodb.json").read_text()
    assert [pid for pid in pids if alive(pid)] == []


def test_taken_port_is_explained(cloud: Cloud) -> None:
    """The most usual failure of a first start must say what to do."""
    if cloud.process:
        cloud.stop()
    with socket.create_server(("127.0.0.1", cloud.port)):
        other = cloud.launch(MOTCUA_HOME=str(cloud.home.path / "other"))
        printed = other.communicate(timeout=20)[0]
    assert other.returncode == 2
    assert f"Port {cloud.port} is taken" in printed and "PORT=" in printed

