"""The development issuer's key: made once, by whichever process is first."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.adapters.dev_issuer import DevIssuer

PROGRAM = """
import json, sys
from pathlib import Path
from chalicelib.adapters.dev_issuer import DevIssuer
print("ready", flush=True)
sys.stdin.read()
print(json.dumps(DevIssuer(Path(sys.argv[1])).jwks()))
"""


def _started(file: Path) -> subprocess.Popen[str]:
    """Has loaded everything and waits for its input to end."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_share_one_key(tmp_path: Path) -> None:
    """API and pump start together; a token of the one must be good for the other."""
    file = tmp_path / "dev.pem"
    started = [_started(file) for _ in range(4)]
    for each in started:  # they go off at once
        assert each.stdin
        each.stdin.close()
        each.stdin = None
    keys = [json.loads(each.communicate(timeout=60)[0]) for each in started]
    assert all(each == DevIssuer(file).jwks() for each in keys)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_whoever_comes_second_takes_the_first_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the other process was done between the look and the making."""
    file, make, first = tmp_path / "dev.pem", ec.generate_private_key, []

    def late(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
        monkeypatch.undo()
        first.append(DevIssuer(file).jwks())
        return make(curve)

    monkeypatch.setattr(ec, "generate_private_key", late)
    assert [DevIssuer(file).jwks()] == first
    assert [DevIssuer(file).jwks()] == first


def test_a_file_with_another_kind_of_key(tmp_path: Path) -> None:
    """It is never overwritten: somebody put it there."""
    file = tmp_path / "dev.pem"
    program = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(file)]
    made = subprocess.run(program, check=False, capture_output=True)  # noqa: S603 - as above
    if made.returncode:
        pytest.skip("no openssl here")
    before = file.read_bytes()
    with pytest.raises(TypeError, match="another kind of key"):
        DevIssuer(file)
    assert file.read_bytes() == before
