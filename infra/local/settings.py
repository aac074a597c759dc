"""Where the local cloud keeps its state, what it is called, and what its processes are told.

Everything lives in one folder (`$MOTCUA_HOME`, default `.local`), so that removing
the folder is a fresh start and copying it is a backup.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

# 12 digits: both emulators take the access key as the account. This one is moto's
# own default, so that ARNs agree whichever of them answers.
ACCOUNT = "123456789012"
REGION = "ap-southeast-1"
STAGE = "local"

RECORD_TABLE = f"motcua-{STAGE}-record"
TOKEN_TABLE = f"motcua-{STAGE}-token"
FILE_BUCKET = f"motcua-{STAGE}-files-{ACCOUNT}"
CHANGES_BUCKET = f"motcua-{STAGE}-changes-{ACCOUNT}"
UPLOAD_QUEUE = f"motcua-{STAGE}-uploads"
STATE_MACHINE = f"motcua-{STAGE}-dossier"
WAKE_FUNCTION = f"motcua-{STAGE}-wake"
ROLLOVER_FUNCTION = f"motcua-{STAGE}-rollover"
STATE_MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STATE_MACHINE}"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{UPLOAD_QUEUE}"

# The stand-in for the store of the province's data centre (`python -m infra.local.store`).
STORE_PORT = 8100
STORE_BUCKET = "motcua-export"

ROOT = Path(__file__).resolve().parents[2]


_KEY_BYTES = 32


class HomeError(Exception):
    """The folder, or a file in it, cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Home:
    """The folder of one local cloud, and the name of every file in it."""

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        """`$MOTCUA_HOME`, else `.local` in the repository."""
        named = os.environ.get("MOTCUA_HOME")
        return cls((Path(named) if named else ROOT / ".local").resolve())

    def create(self) -> None:
        """Make the folder; running it again changes nothing."""
        self.logs.mkdir(parents=True, exist_ok=True)

    def make_secret(self) -> None:
        """Make the key unless it is there, whole or not at all. Raises HomeError.

        Only for the process that holds the lock.
        """
        if not self.secret_key.exists():
            temporary = self.secret_key.with_suffix(".new")
            temporary.unlink(missing_ok=True)  # of a start that was killed here
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.secret_key)
        length = self.secret_key.stat().st_size
        if length < _KEY_BYTES:
            raise HomeError(
                f"{self.secret_key} has {length} bytes, not {_KEY_BYTES}. Put a copy of it in its "
                "place. If there is none, remove it: a new one is made, and links, secrets and "
                "pseudonyms made with the old one are known no more."
            )

    @property
    def logs(self) -> Path:
        """One file for each child, of this run and the one before."""
        return self.path / "logs"

    @property
    def state(self) -> Path:
        """Tables, bucket and queue as last saved."""
        return self.path / "state"

    @property
    def files(self) -> Path:
        """Bodies of the objects in the bucket."""
        return self.path / "files"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.path / "lock"

    @property
    def running(self) -> Path:
        """There while the cloud runs; found at a start, it tells of an unclean end."""
        return self.path / "running"

    @property
    def clock(self) -> Path:
        """How far the business clock got."""
        return self.path / "clock.json"

    @property
    def ports(self) -> Path:
        """The ports of the last run, taken again where free."""
        return self.path / "ports.json"

    @property
    def cloud(self) -> Path:
        """Addresses, process ids and clock of the running cloud, as JSON."""
        return self.path / "cloud.json"

    @property
    def saved_at(self) -> Path:
        """Its modification time: everything acknowledged before is on disk."""
        return self.path / "saved-at"

    @property
    def failed_events(self) -> Path:
        """Events that were given up on, one JSON object a line."""
        return self.path / "failed-events.jsonl"

    @property
    def secret_key(self) -> Path:
        """32 random bytes from which the application derives its keys."""
        return self.path / "secret.key"

    @property
    def dev_key(self) -> Path:
        """The development issuer's signing key; the application makes it."""
        return self.path / "dev-issuer.pem"


@dataclass(frozen=True)
class Ports:
    """The three ports of a running cloud, all on loopback."""

    api: int
    data: int
    workflow: int

    @property
    def api_url(self) -> str:
        """Origin of the site."""
        return f"http://127.0.0.1:{self.api}"

    @property
    def data_url(self) -> str:
        """Endpoint of DynamoDB, S3 and SQS; browsers upload files to it."""
        return f"http://127.0.0.1:{self.data}"

    @property
    def workflow_url(self) -> str:
        """Endpoint of Step Functions."""
        return f"http://127.0.0.1:{self.workflow}"


def environment(home: Home, ports: Ports, anchor: dict[str, float]) -> dict[str, str]:
    """What a child reads: the application's settings by their names in AWS, and our own."""
    # A developer's own profile, endpoints or proxy must not reach into the local cloud.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "STAGE": STAGE,
        "AWS_ENDPOINT_URL": ports.data_url,
        "AWS_ENDPOINT_URL_SFN": ports.workflow_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TZ": "UTC",
        "RECORD_TABLE": RECORD_TABLE,
        "TOKEN_TABLE": TOKEN_TABLE,
        "FILE_BUCKET": FILE_BUCKET,
        "CHANGES_BUCKET": CHANGES_BUCKET,
        "STATE_MACHINE_ARN": STATE_MACHINE_ARN,
        "PUBLIC_URL": ports.api_url,
        "CLOCK_ANCHOR": json.dumps(anchor),
        "DEV_KEY_FILE": str(home.dev_key),
        "SECRET_KEY_FILE": str(home.secret_key),
        # Read by the local cloud's own processes, never by chalicelib.
        "MOTCUA_HOME": str(home.path),
        "PORT": str(ports.api),
        "DATA_PORT": str(ports.data),
        "WORKFLOW_PORT": str(ports.workflow),
    }


def ports_from_environment() -> Ports:
    """The ports a child was given by `environment`."""
    api, data, workflow = (int(os.environ[name]) for name in ("PORT", "DATA_PORT", "WORKFLOW_PORT"))
    return Ports(api=api, data=data, workflow=workflow)
