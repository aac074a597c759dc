"""What is stored can be had back, is encrypted, and is nobody's but ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from infra.lint.stack import listed, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.lint.stack import Finding, Stack
    from infra.templates import Json

_BLOCKS: Final = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)
_EVERYBODY: Final = ("*", {"AWS": "*"}, {"AWS": ["*"]})


def tables(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Back to any second of the last weeks, under our own key, and everything that changes told."""
    for stack in stacks:
        for path, table in stack.properties("AWS::DynamoDB::Table"):
            recovery = table.get("PointInTimeRecoverySpecification", {})
            encryption = table.get("SSESpecification", {})
            wanted = {
                "PointInTimeRecoveryEnabled": recovery.get("PointInTimeRecoveryEnabled") is True,
                "SSEEnabled with SSEType KMS": encryption.get("SSEEnabled") is True
                and encryption.get("SSEType") == "KMS",
                "a KMSMasterKeyId of our own": bool(encryption.get("KMSMasterKeyId")),
                "a StreamSpecification": bool(table.get("StreamSpecification")),
                "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled") is True,
            }
            yield from _lacking(stack, "tables", path, wanted)


def buckets(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """No object is public, unencrypted, or lost by being written over."""
    for stack in stacks:
        for path, bucket in stack.properties("AWS::S3::Bucket"):
            blocks = bucket.get("PublicAccessBlockConfiguration", {})
            wanted = {f"{block}: true": blocks.get(block) is True for block in _BLOCKS}
            versioning = bucket.get("VersioningConfiguration", {})
            wanted["versioning"] = versioning.get("Status") == "Enabled"
            wanted["encryption"] = bool(
                bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration")
            )
            yield from _lacking(stack, "buckets", path, wanted)


def tls(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Each bucket refuses whoever speaks to it in the clear; its policy may be in another stack."""
    safe = {
        stack.name_of(policy["Bucket"], "BucketName")
        for stack in stacks
        for _, policy in stack.properties("AWS::S3::BucketPolicy")
        if any(_only_by_tls(each) for each in listed(policy["PolicyDocument"]["Statement"]))
    }
    for stack in stacks:
        for path, bucket in stack.properties("AWS::S3::Bucket"):
            logical = str(path[1])
            if stack.name_of(bucket.get("BucketName", logical), "BucketName") not in safe:
                text = "needs a policy that denies s3:* to everybody without aws:SecureTransport"
                yield stack.finding("tls", path, text)


def _only_by_tls(statement: Json) -> bool:
    """For the bucket and for everything in it."""
    condition = statement.get("Condition", {})
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Principal") in _EVERYBODY
        and listed(statement.get("Action")) == ["s3:*"]
        and condition == {"Bool": {"aws:SecureTransport": "false"}}
        and len({str(each).endswith("/*'}") for each in listed(statement.get("Resource"))}) > 1
    )


def queues(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Messages name dossiers; they rest encrypted like everything else."""
    for stack in stacks:
        for path, queue in stack.properties("AWS::SQS::Queue"):
            encrypted = queue.get("KmsMasterKeyId") or queue.get("SqsManagedSseEnabled") is True
            wanted = {"KmsMasterKeyId or SqsManagedSseEnabled": bool(encrypted)}
            yield from _lacking(stack, "queues", path, wanted)
        for path, topic in stack.properties("AWS::SNS::Topic"):
            wanted = {"a KmsMasterKeyId": bool(topic.get("KmsMasterKeyId"))}
            yield from _lacking(stack, "queues", path, wanted)


def logs(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """A log that is kept for ever is paid for ever, and holds what should be forgotten."""
    for stack in stacks:
        for path, group in stack.properties("AWS::Logs::LogGroup"):
            wanted = {"RetentionInDays": bool(group.get("RetentionInDays"))}
            yield from _lacking(stack, "logs", path, wanted)


def secrets(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Nothing secret is written in a template, nor shown by whoever may list the stacks."""
    for stack in stacks:
        for name, parameter in stack.template.get("Parameters", {}).items():
            if name.endswith(("Secret", "Password", "OriginKey")) and not parameter.get("NoEcho"):
                yield stack.finding("secrets", ("Parameters", name), "needs NoEcho: true")
        for path, value in walk(stack.template):
            if path and path[-1] in ("SecretString", "client_secret") and _is_literal(value):
                yield stack.finding("secrets", path, "must not stand in a template")


def _is_literal(value: Any) -> bool:
    text = value.get("Fn::Sub", "") if isinstance(value, dict) else value
    return isinstance(value, str | dict) and not (
        "{{resolve:" in str(text) or (isinstance(value, dict) and "Ref" in value)
    )


def _lacking(
    stack: Stack, rule: str, path: tuple[str | int, ...], wanted: dict[str, bool]
) -> Iterator[Finding]:
    for what, there in wanted.items():
        if not there:
            yield stack.finding(rule, path, f"needs {what}")
