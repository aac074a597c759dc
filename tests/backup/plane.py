"""A deployment's data plane and the province's store, two emulators in processes of their own.

The tables' exports, the objects and the hashes are real; only the signing key is a file.
"""

import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final

import boto3

from chalicelib.adapters import clients, table_keys
from chalicelib.adapters.export_store import ChangesLedger, ExportStore
from chalicelib.adapters.exported import FileBucket, TableExports
from chalicelib.adapters.files import PREFIX, S3Files
from chalicelib.adapters.records import DynamoRecords
from chalicelib.adapters.schema import WRITTEN
from chalicelib.adapters.signing import PemSigner, PublicKey, make_key
from chalicelib.adapters.table import Table
from chalicelib.backup_ports import BackupDeps
from chalicelib.domain.backup import Manifest, Origin, Policy, runs_to_restore
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.ports import Form, PaperHandedIn, Upload
from chalicelib.use_cases.export import Exported, export
from infra.backup.reading import Vault
from infra.backup.restore import Restore, Target
from infra.backup.staging import Staging
from infra.local.clock import VIETNAM
from infra.local.ports import pick
from infra.local.process import Child
from infra.local.settings import ACCOUNT, REGION, ROOT, Home, Ports, environment
from infra.operate.screen import Screen
from tests.adapters import made
from tests.local.cloud import eventually

ALWAYS: Final = Policy(timedelta(0), timedelta(days=90))
QUIET: Final = Screen(json=False, quiet=True)
HERE: Final = {"LocationConstraint": REGION}
PDF: Final = b"%PDF-1.7\n%one paper\n"
_numbers = count(1)


@contextmanager
def started(folder: Path) -> Iterator["Plane"]:
    """Both emulators, ended however the tests go."""
    home = Home(folder / "home")
    home.create()
    taken = set[int]()
    at = Ports(*(pick(None, taken) for _ in range(3)))
    told = environment(home, at, {"real": 0.0, "service": 0.0, "speed": 1.0})
    told["MINISTACK_DDB_EXPORT_COMPLETE_AFTER_SEC"] = "0"
    data, store_port = Child("data", told, home.logs), pick(None, taken)
    command = [sys.executable, "-m", "infra.local.store", "--port", str(store_port)]
    command += ["--folder", str(folder / "store")]
    store = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603 - our own module
    try:
        data.run()
        plane = Plane(at.data_url, f"http://127.0.0.1:{store_port}", folder)
        eventually(lambda: plane.store_client().list_buckets()["Buckets"], 20)
        time.sleep(2)  # what was changed is known from a moment after the start on
        yield plane
    finally:
        store.terminate()
        store.wait(10)
        data.kill()


class Plane:
    """Where the two are; `town` makes a deployment of its own on them."""

    def __init__(self, data_url: str, store_url: str, folder: Path) -> None:
        self.data_url, self.store_url = data_url, store_url
        self.key = folder / "key.pem"
        make_key(self.key)
        self._made: dict[str, Any] = {}

    def client(self, service: str, *, anew: bool = False) -> Any:
        """Made once: making one takes longer than most tests."""
        if anew:
            return self._make(service)
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]

    def _make(self, service: str) -> Any:
        if service == "store":
            return self.store_client()
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.data_url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )

    def store_client(self) -> Any:
        return clients.store(self.store_url, REGION, ACCOUNT, "local")

    def town(self) -> "Town":
        """Empty tables and buckets that no other test knows."""
        name = f"t{next(_numbers)}-{os.getpid()}"
        found = Town(self, name)
        found.create()
        return found


@dataclass
class Town:
    """One deployment and its store."""

    plane: Plane
    name: str
    went_on = 0  # dossiers that the last restore into it left as they were

    def __post_init__(self) -> None:
        self.dynamodb, self.s3 = self.plane.client("dynamodb"), self.plane.client("s3")
        self.far = self.plane.client("store")
        self.table = Table(self.dynamodb, f"{self.name}-record")
        self.files, self.changes = f"{self.name}-files", f"{self.name}-changes"
        self.bucket = f"{self.name}-export"

    # -- the deployment

    def create(self) -> None:
        self.dynamodb.create_table(
            TableName=self.table.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")
            ],
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
        )
        self.dynamodb.update_continuous_backups(
            TableName=self.table.name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        for client, bucket in (
            (self.s3, self.files),
            (self.s3, self.changes),
            (self.far, self.bucket),
        ):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration=HERE)

    @property
    def records(self) -> DynamoRecords:
        return DynamoRecords(self.table, lambda: self.s3, self.files)

    def upload(self, name: str, content: bytes = PDF) -> FileId:
        """A file that arrived and was found to be what was promised."""
        files = S3Files(self.table, lambda: self.s3, self.files)
        digest = b64encode(sha256(content).digest()).decode()
        file = FileId(name)
        files.promise(
            Upload(file, "a.pdf", "application/pdf", len(content), digest, uploader="person-1")
        )
        self.s3.put_object(
            Bucket=self.files, Key=PREFIX + name, Body=content, ContentType="application/pdf"
        )
        assert files.confirm(file)
        return file

    def submit(self, n: int, *papers: FileId, **answers: Any) -> DossierCode:
        """Dossier number `n`, filed with these papers."""
        dossier = made.submitted(f"S1.1-261005-{n:04d}")
        self.records.next_serial("S1.1#261005")
        handed = tuple(PaperHandedIn("p", file) for file in papers)
        form = Form(1, {"number": "1"}, {"number": "1"}, answers, handed)
        self.records.commit(made.change(dossier, form=form, files=papers))
        return dossier.code

    def accept(self, code: DossierCode) -> None:
        """The desk takes it in: a case, a leg, an event more."""
        dossier = self.records.load(code, made.context())
        self.records.commit(made.change(made.accepted(dossier)))

    def put(self, pk: str, sk: str, **more: Any) -> None:
        item = table_keys.Key({"PK": pk, "SK": sk})
        typed = {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in {**item, **more}.items()
        }
        self.dynamodb.put_item(TableName=self.table.name, Item=typed)

    def items(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Everything in the table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table.name)
        found = (item for page in pages for item in page["Items"])
        return {(item["PK"]["S"], item["SK"]["S"]): item for item in found}

    def keys_of_files(self) -> list[str]:
        """What lies in the bucket of files."""
        found = self.s3.list_objects_v2(Bucket=self.files).get("Contents", ())
        return [each["Key"] for each in found]

    # -- the export

    @property
    def deps(self) -> BackupDeps:
        return BackupDeps(
            source=TableExports(self.dynamodb, self.s3, self.table.name, self.changes),
            bucket=FileBucket(self.s3, self.files),
            store=ExportStore(self.far, self.bucket, "AES256"),
            signer=PemSigner(self.plane.key),
            ledger=ChangesLedger(self.s3, self.changes),
            origin=Origin("test", self.table.name, WRITTEN, "0"),
            pause=lambda _: time.sleep(0.02),
            workers=1,
        )

    def export(self, policy: Policy = ALWAYS, **more: Any) -> Exported:
        """A run, of everything up to now."""
        if self.deps.ledger.get():
            next_second()
        return export(self.deps, policy, **more)

    def with_source(self, source: Any) -> BackupDeps:
        return replace(self.deps, source=source)

    # -- the store

    @property
    def vault(self) -> Vault:
        return Vault(self.far, self.bucket)

    @property
    def keys(self) -> list[PublicKey]:
        return [PublicKey(PemSigner(self.plane.key).public_key())]

    def stored(self) -> list[str]:
        """Keys of everything in the store."""
        pages = self.far.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))

    def read(self, key: str) -> bytes:
        content: bytes = self.far.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content

    def write(self, key: str, content: bytes) -> None:
        """As somebody at the data centre could."""
        self.far.put_object(Bucket=self.bucket, Key=key, Body=content)

    def remove(self, key: str) -> None:
        self.far.delete_object(Bucket=self.bucket, Key=key)

    def copied(self) -> "Town":
        """The same deployment with a copy of its store."""
        other = replace(self)
        other.bucket = f"{self.bucket}-{next(_numbers)}"
        self.far.create_bucket(Bucket=other.bucket, CreateBucketConfiguration=HERE)
        for key in self.stored():
            other.write(key, self.read(key))
        return other

    def anew(self) -> "Town":
        """The same record, never exported: store and bucket of changes are empty."""
        other, n = replace(self), next(_numbers)
        other.bucket, other.changes = f"{self.bucket}-{n}", f"{self.changes}-{n}"
        self.far.create_bucket(Bucket=other.bucket, CreateBucketConfiguration=HERE)
        self.s3.create_bucket(Bucket=other.changes, CreateBucketConfiguration=HERE)
        return other

    def manifest(self, run: int) -> Manifest:
        return Manifest.from_bytes(self.read(f"manifests/{run:06d}.json"))

    # -- the way back

    def restored(
        self,
        source: "Town",
        folder: Path,
        run: int = 0,
        *,
        only_read: bool = False,
        overwrite: bool = False,
        keys: Sequence[PublicKey] = (),
    ) -> list[str]:
        """Restore from another town's store into this one; answers what is wrong there."""
        chain = source.vault.chain(keys or source.keys)
        runs = runs_to_restore(chain.manifests, run or chain.head.run)
        target = Target(self.table, self.s3, self.files, datetime(2026, 10, 6, 9, tzinfo=VIETNAM))
        work = Restore(source.vault, target, QUIET, workers=1)
        if not only_read:
            work.check_target(runs[-1], overwrite=overwrite)
        file = folder / f"{next(_numbers)}.sqlite"
        staging = Staging(file)
        try:
            staging.fill(source.vault, runs, QUIET)
            if not only_read:
                work.check_beyond(staging, overwrite=overwrite)
                self.went_on = work.write(staging, runs[-1])["went_on"]
            faults = work.faults(staging)
            if not faults:
                work.finish(runs[-1])
            return faults
        finally:
            staging.close()
            file.unlink()


def next_second() -> None:
    """Windows are whole seconds: what is written now is before the next one."""
    time.sleep(1 - time.time() % 1 + 0.005)
