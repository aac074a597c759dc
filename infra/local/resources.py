"""Makes what the local cloud needs of `infra/stacks/data.yaml`: tables, buckets, queue of uploads.

The template is the single source. Running this again changes nothing that is there.
"""

from __future__ import annotations

import time
from typing import Any

import boto3

from infra.local.clock import anchor_from_environment
from infra.local.settings import (
    ACCOUNT,
    FILE_BUCKET,
    QUEUE_ARN,
    REGION,
    ROLLOVER_FUNCTION,
    ROOT,
    STAGE,
    STATE_MACHINE,
    STATE_MACHINE_ARN,
    TOKEN_TABLE,
    UPLOAD_QUEUE,
    WAKE_FUNCTION,
    Ports,
)
from infra.templates import STACKS, fill, load, resources

Json = dict[str, Any]

# What the emulator acts on; the rest (encryption, expiry of objects) matters in AWS only.
_TABLE_KEYS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
_BUCKETS = ("FileBucket", "ChangesBucket")
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/motcua-local-workflow"


class OutdatedHomeError(Exception):
    """What an older version of the template made stands in this home."""


def create_data(ports: Ports) -> None:
    """Tables with streams, expiry and recovery; buckets with their rules; the queue of uploads."""
    names = {"Stage": STAGE, "AWS::AccountId": ACCOUNT, "AWS::Region": REGION}
    template = fill(load(STACKS / "data.yaml"), {**names, "AWS::Partition": "aws"})
    for _, resource in resources(template, "AWS::DynamoDB::Table"):
        _create_table(resource["Properties"])
    _create_buckets([template["Resources"][name]["Properties"] for name in _BUCKETS])
    _take_uploads(ports)


def _create_table(properties: Json) -> None:
    client = boto3.client("dynamodb")
    name = properties["TableName"]
    wanted = {key: properties[key] for key in _TABLE_KEYS if key in properties}
    try:
        _check_table(name, wanted, client.describe_table(TableName=name)["Table"])
    except client.exceptions.ResourceNotFoundException:
        stream = {"StreamEnabled": True, **properties["StreamSpecification"]}
        client.create_table(TableName=name, StreamSpecification=stream, **wanted)
    client.update_continuous_backups(
        TableName=name,
        PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
    )
    if "TimeToLiveSpecification" in properties:
        _set_expiry(client, name, properties["TimeToLiveSpecification"])


def _check_table(name: str, wanted: Json, found: Json) -> None:
    """Indexes are never added behind a developer's back: their content would be missing."""
    names = [
        {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
        for table in (wanted, found)
    ]
    if wanted["KeySchema"] != found["KeySchema"] or names[0] != names[1]:
        raise _outdated(f"Table {name}")


def _outdated(what: str) -> OutdatedHomeError:
    return OutdatedHomeError(
        f"{what} was made by another version of infra/stacks/data.yaml. Remove the folder of the "
        "local cloud ($MOTCUA_HOME, .local) to start afresh."
    )


def _set_expiry(client: Any, table: str, wanted: Json) -> None:
    """Expiry follows real time, so it is off while the business clock is behind it."""
    anchor = anchor_from_environment()
    enabled = wanted["Enabled"] and anchor.at(time.time()) > time.time() - 3600
    found = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if (found["TimeToLiveStatus"] == "ENABLED") != enabled:
        client.update_time_to_live(
            TableName=table, TimeToLiveSpecification={**wanted, "Enabled": enabled}
        )


def _create_buckets(wanted: list[Json]) -> None:
    client = boto3.client("s3")
    found = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    if others := found - {properties["BucketName"] for properties in wanted}:
        raise _outdated(f"Bucket {', '.join(sorted(others))}")
    for properties in wanted:
        name, here = properties["BucketName"], {"LocationConstraint": REGION}
        if name not in found:
            client.create_bucket(Bucket=name, CreateBucketConfiguration=here)
        client.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"]
        )


def _take_uploads(ports: Ports) -> None:
    """Straight from a page into the bucket, which tells the queue of it."""
    client = boto3.client("s3")
    rules = {"CORSRules": [_cors_rule(ports)]}
    client.put_bucket_cors(Bucket=FILE_BUCKET, CORSConfiguration=rules)
    boto3.client("sqs").create_queue(QueueName=UPLOAD_QUEUE)
    _notify(client)


def _cors_rule(ports: Ports) -> Json:
    """Pages send files straight to the bucket, which is another origin."""
    return {
        "AllowedOrigins": [ports.api_url, f"http://localhost:{ports.api}"],
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "x-amz-checksum-sha256", "x-amz-version-id"],
        "MaxAgeSeconds": 3600,
    }


def _notify(client: Any) -> None:
    """Each new object is told to the queue, which `uploads` reads."""
    wanted = [{"Id": "uploads", "QueueArn": QUEUE_ARN, "Events": ["s3:ObjectCreated:*"]}]
    found = client.get_bucket_notification_configuration(Bucket=FILE_BUCKET)
    if found.get("QueueConfigurations") != wanted:
        client.put_bucket_notification_configuration(
            Bucket=FILE_BUCKET, NotificationConfiguration={"QueueConfigurations": wanted}
        )


def create_state_machine() -> None:
    """Make or update the dossier's state machine from its definition."""
    client = boto3.client("stepfunctions")
    text = (ROOT / "state_machines" / "dossier.asl.json").read_text()
    names = {
        "TokenTable": TOKEN_TABLE,
        "WakeFunction": WAKE_FUNCTION,
        "RolloverFunction": ROLLOVER_FUNCTION,
    }
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    made = client.create_state_machine(name=STATE_MACHINE, definition=text, roleArn=_ROLE)
    if made["stateMachineArn"] != STATE_MACHINE_ARN:
        raise RuntimeError(f"unexpected ARN {made['stateMachineArn']}")
