"""Everything that somebody might do with a deployment: the questions that every policy is asked.

All actions that any function needs, and those that would do the most harm, on every resource of
the deployment, in every part of a table or bucket, in this stage and beyond it. An action that AWS
knows no resource for is asked for `*`, as AWS does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Final

from infra.policies import FUNCTIONS, lambda_name
from tests.infra.asked import ACCOUNT, REGION, Asked, arn, bucket_arn

STAGES: Final = ("test", "test2", "prod")
CODE: Final = "H15.50.05.13-261005-0001"
FILE: Final = "00000000-0000-4000-8000-000000000000"
DIGEST: Final = "0" * 32
ALONE: Final = ""
TRANSACTIONS: Final = ("TransactWriteItems", "TransactGetItems")

PARTITIONS: Final = (  # of the record table; the last is one that does not exist yet
    f"D#{CODE}",
    f"DEL#{CODE}",
    f"MARK#{DIGEST}",
    f"F#{FILE}",
    f"SEQ#{CODE}",
    "REG#H15.50.05.13#2026",
    f"THR#{DIGEST}",
    "PROC#1.012785",
    "CATALOGUE",
    "DIRECTORY",
    "AGENCY#G12.H15.01",
    "OPERATED#2026-10",
    "PAUSED",
    "NEW#1",
)
OBJECTS: Final = (
    f"uploads/{FILE}",
    f"forms/{CODE}/001-{DIGEST}.json",
    "index.html",
    "AWSDynamoDB/data/1.json.gz",
    "head.json",
)
LISTS: Final = (*OBJECTS, "", "uploads/", "forms/", "AWSDynamoDB/")
BUCKETS: Final = ("files", "slips", "web", "artefacts", "changes")

Words = str  # of actions, apart by spaces

ITEMS: Final[Words] = """GetItem PutItem UpdateItem DeleteItem Query ConditionCheckItem BatchGetItem
BatchWriteItem PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete"""
TABLES: Final[Words] = """DeleteTable UpdateTable DescribeTable DescribeTimeToLive
UpdateTimeToLive DescribeContinuousBackups UpdateContinuousBackups CreateBackup
ExportTableToPointInTime RestoreTableToPointInTime PutResourcePolicy DeleteResourcePolicy
DescribeContributorInsights UpdateContributorInsights TagResource"""
SCANS: Final = (  # of a whole table: everything, or what is named, or how much it is
    ((), "ALL_ATTRIBUTES"),
    (("PK", "SK"), "ALL_ATTRIBUTES"),  # filtered by its keys
    (("PK", "SK"), "SPECIFIC_ATTRIBUTES"),
    (("PK", "SK", "state"), "SPECIFIC_ATTRIBUTES"),
    (("PK", "SK", "data"), "SPECIFIC_ATTRIBUTES"),
    (("PK", "SK", "data", "state"), "SPECIFIC_ATTRIBUTES"),
    (("SK", "content"), "SPECIFIC_ATTRIBUTES"),
    (("PK", "SK"), "COUNT"),
)
EXPORTS: Final[Words] = "DescribeExport"
STREAMS: Final[Words] = "DescribeStream GetRecords GetShardIterator"
IN_BUCKETS: Final[Words] = """GetObject GetObjectVersion GetObjectTagging PutObject PutObjectAcl
PutObjectTagging PutObjectRetention PutObjectLegalHold BypassGovernanceRetention DeleteObject
DeleteObjectVersion AbortMultipartUpload RestoreObject"""
OF_BUCKETS: Final[Words] = """DeleteBucket PutBucketPolicy DeleteBucketPolicy GetBucketPolicy
PutBucketAcl PutBucketVersioning PutBucketPublicAccessBlock PutBucketNotification
PutBucketObjectLockConfiguration PutEncryptionConfiguration PutLifecycleConfiguration
PutReplicationConfiguration ListBucketVersions ListBucketMultipartUploads
GetBucketLocation"""
QUEUES: Final[Words] = """GetQueueUrl SendMessage ReceiveMessage DeleteMessage GetQueueAttributes
ChangeMessageVisibility PurgeQueue DeleteQueue SetQueueAttributes AddPermission"""
MACHINES: Final[Words] = """StartExecution StartSyncExecution StopExecution RedriveExecution
DescribeExecution GetExecutionHistory ListExecutions DescribeStateMachine UpdateStateMachine
DeleteStateMachine"""
LAMBDA: Final[Words] = """InvokeFunction InvokeAsync UpdateFunctionCode UpdateFunctionConfiguration
GetFunction GetFunctionConfiguration ListAliases AddPermission DeleteFunction PutFunctionConcurrency
PublishVersion UpdateAlias"""
LOGS: Final[Words] = """CreateLogGroup CreateLogStream PutLogEvents GetLogEvents FilterLogEvents
DeleteLogStream"""
LOG_GROUPS: Final[Words] = """StartQuery GetQueryResults FilterLogEvents DeleteLogGroup
PutRetentionPolicy PutSubscriptionFilter PutMetricFilter"""
LOG_DELIVERIES: Final[Words] = """CreateLogDelivery DeleteLogDelivery DescribeLogGroups
DescribeResourcePolicies GetLogDelivery ListLogDeliveries PutResourcePolicy UpdateLogDelivery
DeleteResourcePolicy"""
SECRETS: Final[Words] = """GetSecretValue DescribeSecret PutSecretValue UpdateSecret DeleteSecret
RotateSecret PutResourcePolicy"""
KEYS: Final[Words] = """Decrypt Encrypt GenerateDataKey CreateGrant DescribeKey DisableKey
ScheduleKeyDeletion PutKeyPolicy UpdateKeyDescription Sign Verify GetPublicKey UpdateAlias"""
ALARMS: Final = arn("cloudwatch", "alarm:*")  # AWS lists them together
OF_ALARMS: Final[Words] = """DescribeAlarms DescribeAlarmHistory DeleteAlarms DisableAlarmActions
PutMetricAlarm SetAlarmState"""
DASHBOARDS: Final[Words] = "GetDashboard PutDashboard DeleteDashboards"
INSIGHTS: Final[Words] = "GetInsightRuleReport DeleteInsightRules PutInsightRule"
SCHEDULES: Final = ("export", "measure", "reconcile")
OF_SCHEDULES: Final[Words] = "GetSchedule CreateSchedule UpdateSchedule DeleteSchedule"
ROLES: Final[Words] = """PassRole GetRole CreateRole DeleteRole PutRolePolicy AttachRolePolicy
UpdateAssumeRolePolicy CreateUser CreateAccessKey CreatePolicyVersion"""
UNSCOPED: Final[Words] = """iam:ListRoles sts:AssumeRole s3:ListAllMyBuckets s3:CreateBucket
dynamodb:ListTables dynamodb:ListStreams dynamodb:CreateTable sqs:ListQueues
states:ListStateMachines states:CreateStateMachine states:SendTaskSuccess states:SendTaskFailure
states:SendTaskHeartbeat lambda:ListFunctions lambda:CreateFunction
lambda:CreateEventSourceMapping lambda:DeleteEventSourceMapping lambda:ListEventSourceMappings
lambda:UpdateEventSourceMapping secretsmanager:ListSecrets
kms:ListKeys kms:CreateKey cloudformation:DeleteStack cloudformation:UpdateStack
cognito-idp:AdminCreateUser cognito-idp:AdminSetUserPassword cognito-idp:AdminAddUserToGroup
apigateway:PUT cloudwatch:PutMetricData cloudwatch:GetMetricData cloudwatch:ListDashboards
cloudfront:UpdateDistribution cloudtrail:LookupEvents cloudtrail:StopLogging
servicequotas:ListServiceQuotas servicequotas:RequestServiceQuotaIncrease
scheduler:ListSchedules events:PutRule ses:SendEmail sns:Publish
ec2:CreateNetworkInterface xray:PutTraceSegments"""


@cache
def questions() -> tuple[Asked, ...]:
    """All of them, each once: in three stages, in another region, and in another account."""
    found = [question for stage in STAGES for question in _of_stage(stage)]
    elsewhere = [
        replace(question, resource=question.resource.replace(here, there))
        for question in _of_stage("test")
        for here, there in {REGION: "eu-central-1", ACCOUNT: "210987654321"}.items()
    ]
    return tuple(dict.fromkeys([*found, *elsewhere]))


def _of_stage(stage: str) -> Iterator[Asked]:
    yield from _of_tables(stage)
    yield from _of_buckets(stage)
    functions = [arn("lambda", f"function:{lambda_name(name, stage)}") for name in FUNCTIONS]
    streams = [log_stream(name, stage) for name in FUNCTIONS]
    groups = [*(log_group(name, stage) for name in FUNCTIONS), workflow_log(stage)]
    schedules = [schedule(name, stage) for name in (*SCHEDULES, "other")]
    secrets = [secret(stage), arn("secretsmanager", f"secret:motcua-{stage}-export-a1B2c3")]
    roles = [f"arn:aws:iam::{ACCOUNT}:role/motcua-{stage}-{name}" for name in FUNCTIONS]
    yield from _each("sqs", QUEUES, [queue("uploads", stage), queue("dead", stage)])
    yield from _each("states", MACHINES, [machine(stage), execution(stage)])
    yield from _each("lambda", LAMBDA, [*functions, *(f"{name}:live" for name in functions)])
    yield from _each("logs", LOGS, streams)
    yield from _each("logs", LOG_GROUPS, groups)
    yield from _each("logs", LOG_DELIVERIES, ["*"])
    yield from _each("secretsmanager", SECRETS, secrets)
    for name in ("", "-export"):
        asked_of = _each("kms", KEYS, [arn("kms", f"key/{FILE}")])
        yield from (replace(each, alias=f"alias/motcua-{stage}{name}") for each in asked_of)
    yield from _each("iam", ROLES, roles)
    yield from _each("cloudwatch", OF_ALARMS, [ALARMS])
    yield from _each("cloudwatch", DASHBOARDS, [dashboard(stage)])
    yield from _each("cloudwatch", INSIGHTS, [insights("record", stage), insights("token", stage)])
    yield from _each("scheduler", OF_SCHEDULES, schedules)
    yield from (Asked(action, "*") for action in UNSCOPED.split())


def _each(service: str, actions: Words, resources: Iterable[str]) -> Iterator[Asked]:
    for action, resource in product(actions.split(), resources):
        yield Asked(f"{service}:{action}", resource)


def _of_tables(stage: str) -> Iterator[Asked]:
    record, token = table("record", stage), table("token", stage)
    yield from _each("dynamodb", TABLES, [record, token, index("open", stage)])
    yield from _each("dynamodb", EXPORTS, [export(name, stage) for name in ("record", "token")])
    for place, (names, select) in product([record, token, index("open", stage)], SCANS):
        yield Asked("dynamodb:Scan", place, attributes=names, select=select)
    yield from _each("dynamodb", STREAMS, [stream("record", stage), stream("token", stage)])
    for action in ITEMS.split():
        for partition in PARTITIONS:
            yield from _with_transactions(action, record, partition)
        yield from _with_transactions(action, token, CODE)
        for name, partition in {"open": "OPEN#0", "worklist": f"{CODE}#work"}.items():
            yield from _with_transactions(action, index(name, stage), partition)


def _with_transactions(action: str, resource: str, partition: str) -> Iterator[Asked]:
    for within in (ALONE, *TRANSACTIONS):
        yield Asked(f"dynamodb:{action}", resource, partition, within)


def _of_buckets(stage: str) -> Iterator[Asked]:
    for name in BUCKETS:
        bucket = bucket_arn(f"motcua-{stage}-{name}")
        yield from _each("s3", IN_BUCKETS, [f"{bucket}/{key}" for key in OBJECTS])
        yield from _each("s3", OF_BUCKETS, [bucket])
        yield from (Asked("s3:ListBucket", bucket, prefix=prefix) for prefix in LISTS)


# -- names of one stage


def table(name: str, stage: str = "test") -> str:
    return arn("dynamodb", f"table/motcua-{stage}-{name}")


def index(name: str, stage: str = "test") -> str:
    return f"{table('record', stage)}/index/{name}"


def stream(name: str, stage: str = "test") -> str:
    return f"{table(name, stage)}/stream/2026-10-05T00:00:00.000"


def export(name: str, stage: str = "test") -> str:
    return f"{table(name, stage)}/export/0"


def queue(name: str, stage: str = "test") -> str:
    return arn("sqs", f"motcua-{stage}-{name}")


def machine(stage: str = "test") -> str:
    return arn("states", f"stateMachine:motcua-{stage}-dossier")


def execution(stage: str = "test") -> str:
    return arn("states", f"execution:motcua-{stage}-dossier:{CODE}.g1")


def secret(stage: str = "test") -> str:
    return arn("secretsmanager", f"secret:motcua-{stage}-key-a1B2c3")


def log_group(function: str, stage: str = "test") -> str:
    """As AWS asks for a whole group."""
    return arn("logs", f"log-group:/aws/lambda/{lambda_name(function, stage)}:log-stream:")


def log_stream(function: str, stage: str = "test") -> str:
    return f"{log_group(function, stage)}2026/10/05/[$LATEST]{DIGEST}"


def workflow_log(stage: str = "test") -> str:
    name = f"/aws/vendedlogs/states/motcua-{stage}-dossier"
    return arn("logs", f"log-group:{name}:log-stream:")


def dashboard(stage: str = "test") -> str:
    return f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/motcua-{stage}"


def insights(name: str = "record", stage: str = "test") -> str:
    rule = f"DynamoDBContributorInsights-PKC-motcua-{stage}-{name}-1791158400000"
    return arn("cloudwatch", f"insight-rule/{rule}")


def schedule(name: str, stage: str = "test") -> str:
    return arn("scheduler", f"schedule/default/motcua-{stage}-{name}")


def functions(names: Sequence[str], stage: str = "test") -> list[str]:
    """Each by its name and by an alias."""
    plain = [arn("lambda", f"function:{lambda_name(name, stage)}") for name in names]
    return [*plain, *(f"{name}:live" for name in plain)]


# -- what was really asked, as one of the questions


def as_question(request: Asked) -> Asked:
    """The same with the names of the questions; one that is none of them is a gap in them."""
    resource = re.sub(r"(/uploads/)[-0-9a-f]{36}$", rf"\g<1>{FILE}", request.resource)
    resource = re.sub(r"/forms/.*$", f"/{OBJECTS[1]}", resource)
    resource = re.sub(r"/AWSDynamoDB/.*$", f"/{OBJECTS[3]}", resource)
    resource = re.sub(r"(/export/)[^/]+$", r"\g<1>0", resource)
    resource = re.sub(r"(:kms:.*:key/).*$", rf"\g<1>{FILE}", resource)
    resource = re.sub(r"(:execution:[^:]+:).*$", rf"\g<1>{CODE}.g1", resource)
    resource = re.sub(r"(/stream/).*$", r"\g<1>2026-10-05T00:00:00.000", resource)
    prefix = re.sub(r"^(uploads/)[-0-9a-f]{36}$", rf"\g<1>{FILE}", request.prefix)
    prefix = re.sub(r"^forms/.+$", OBJECTS[1], prefix)
    return replace(
        request, resource=resource, prefix=prefix, leading=_partition(request.leading, resource)
    )


def _partition(leading: str, resource: str) -> str:
    if not leading:
        return ""
    if resource == table("token"):
        return CODE
    if "/index/" in resource:
        return "OPEN#0" if resource.endswith("open") else f"{CODE}#work"
    kind = leading.partition("#")[0]
    return next(each for each in PARTITIONS if each.partition("#")[0] == kind)
