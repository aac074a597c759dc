"""The AWS clients: one of each, made when first asked for, shared by all threads.

Sized for an API that must answer within 29 s: a call that hangs is given up on and tried again
twice, within about 15 s. Making a client is not thread-safe in boto3, hence the lock.
"""

from threading import Lock
from typing import Any, Final

import boto3
from botocore.config import Config

Client = Any  # boto3 makes its clients' methods at run time; there is no class to name

_REGIONAL: Final = {"addressing_style": "virtual"}  # presigned hosts in a new region, no redirect

_lock = Lock()
_made: dict[str, Client] = {}


def dynamodb() -> Client:
    """Make it at start: every function needs it.

    What is sent is made by our codecs and checked by DynamoDB; to have botocore check it before
    takes as long as signing and sending.
    """
    return _client("dynamodb", _config(read_timeout=3, parameter_validation=False))


def dynamodbstreams() -> Client:
    """For batches that were given up on: Lambda itself reads the streams."""
    return _client("dynamodbstreams", _config(read_timeout=5))


def s3() -> Client:
    """Signs with v4, as presigned POST and KMS need; checksums are named where they matter."""
    return _client(
        "s3",
        _config(
            read_timeout=10,
            signature_version="s3v4",
            s3=_REGIONAL,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def stepfunctions() -> Client:
    """For starting and waking executions."""
    return _client("stepfunctions", _config(read_timeout=5))


def secretsmanager() -> Client:
    """For the deployment's key, once per process; the export's credentials, once for each run."""
    return _client("secretsmanager", _config(read_timeout=3))


def kms() -> Client:
    """For signing the export."""
    return _client("kms", _config(read_timeout=5))


def impatient(service: str) -> Client:
    """For asking whether a service answers: once, and for two seconds at most."""
    return _client(service, _config(read_timeout=1, tries=1), name=f"impatient {service}")


def store(endpoint: str, region: str, access_key: str, secret_key: str) -> Client:
    """An S3 client of a store that is not AWS's: with its own address and credentials."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=_config(
            read_timeout=60,
            signature_version="s3v4",
            s3={"addressing_style": "path"},  # other stores rarely have a name for each bucket
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def forget() -> None:
    """Make them anew when next asked for: the environment names another deployment now."""
    with _lock:
        _made.clear()


def _config(read_timeout: int, tries: int = 3, **more: Any) -> Config:
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": tries},
        tcp_keepalive=True,
        max_pool_connections=50,
        **more,
    )


def _client(service: str, config: Config, name: str = "") -> Client:
    name = name or service
    with _lock:
        if name not in _made:
            make: Any = boto3.client  # its stubs know services by literal names only
            _made[name] = make(service, config=config)
        return _made[name]
