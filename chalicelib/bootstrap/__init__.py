"""The one place that knows every adapter: wired lazily, once per process.

Sign-in is wired in `sign_in`, apart: its cryptography takes as long to import as ten requests take,
and neither the other functions need it nor whoever looks for a dossier by its secret.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from chalicelib import config
from chalicelib.adapters import batches, clients
from chalicelib.adapters.clock import Anchor, ServiceClock
from chalicelib.adapters.files import S3Files
from chalicelib.adapters.forms import JsonSchemaForms
from chalicelib.adapters.keys import SecretKeys
from chalicelib.adapters.probe import Probe, issuer_key
from chalicelib.adapters.reference import DynamoReference
from chalicelib.adapters.secrets import fetch_secret
from chalicelib.adapters.table import Table
from chalicelib.adapters.throttle import DynamoThrottle
from chalicelib.adapters.tokens import DynamoTokens
from chalicelib.adapters.watched import WatchedDeliveries, WatchedRecords
from chalicelib.adapters.webhooks import SignedWebhooks
from chalicelib.adapters.workflow import StepFunctions
from chalicelib.domain.actor import Actor
from chalicelib.ports import Deps


@cache
def settings() -> config.Settings:
    """Raise SettingsError."""
    return config.read(os.environ)


@cache
def reference() -> DynamoReference:
    """Catalogue and directory; the development issuer reads its accounts here, too."""
    return DynamoReference(record())


@cache
def keys() -> SecretKeys:
    """What is derived from the deployment's secret, which only those who use it read."""
    return SecretKeys(_secret)


@cache
def _secret() -> bytes:
    return settings().secret(fetch_secret)


def records() -> WatchedRecords:
    """The record alone."""
    return WatchedRecords(record(), clients.s3, settings().file_bucket)


def deliveries() -> WatchedDeliveries:
    """The outbox."""
    return WatchedDeliveries(record())


def tokens() -> DynamoTokens:
    """What executions wait on."""
    return DynamoTokens(Table(clients.dynamodb(), settings().token_table))


def given_up(batch: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Records of a batch that was given up on; none when they are gone."""
    return batches.records(clients.dynamodbstreams(), batch)


@cache
def deps() -> Deps:
    """All ports on AWS, or on what the endpoints in the environment name instead."""
    given, table = settings(), record()
    return Deps(
        records=records(),
        deliveries=deliveries(),
        tokens=tokens(),
        workflow=StepFunctions(clients.stepfunctions, given.state_machine_arn),
        reference=reference(),
        files=S3Files(table, clients.s3, given.file_bucket),
        clock=clock(),
        webhooks=SignedWebhooks(loopback=given.is_local),
        throttle=DynamoThrottle(table),
        keys=keys(),
        forms=JsonSchemaForms(),
        public_url=given.public_url,
    )


@cache
def probe() -> Probe:
    """Whether the system can do its work."""
    given = settings()
    return Probe(
        given.record_table, given.state_machine_arn, given.file_bucket, _key_now, _sign_in_now
    )


def _key_now() -> bytes:
    return settings().secret(lambda name: fetch_secret(name, clients.impatient("secretsmanager")))


def _sign_in_now() -> object:
    """The development issuer is in this process, and makes its own key."""
    return settings().dev_key_file or issuer_key(settings().oidc_jwks_url)


def record() -> Table:
    """The record table, for what has no port of its own: what operators keep in it."""
    return Table(clients.dynamodb(), settings().record_table)


def clock() -> ServiceClock:
    """Service time."""
    anchor = settings().clock_anchor
    return ServiceClock(Anchor(anchor.real, anchor.service, anchor.speed) if anchor else None)


def identify(token: str) -> Actor | None:
    """Who signed in with a bearer token; None for one that is not to be trusted."""
    from chalicelib.bootstrap import sign_in  # noqa: PLC0415 - see above

    return sign_in.identify(token)


def is_local() -> bool:
    """Read past the settings: the app is also imported where none are, to be packaged."""
    return os.environ.get("STAGE") == "local"
