"""What a call of AWS asks of IAM: one request for each action it needs on each resource.

Only the calls that the system makes are known; another one raises, so that nobody adds a call
without saying what it needs. Sources: the Service Authorization Reference; "Using IAM with
DynamoDB transactions" (an item of a transaction is judged as the action it is).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

REGION: Final = "ap-southeast-1"
ACCOUNT: Final = "123456789012"

Params = Mapping[str, Any]

_PARTITION: Final = re.compile(r"(#?\w+) = (:\w+)")  # how each of our key conditions begins
_ATTRIBUTE: Final = re.compile(r"(?<![:\w#])(?!(?:AND|OR|NOT)\b)#?[A-Za-z]\w*")
_IN_TRANSACTIONS: Final = {"Put": "PutItem", "Update": "UpdateItem"}


@dataclass(frozen=True, order=True)
class Asked:
    """One request, with what the conditions of a policy may look at.

    `leading` is the partition key, `within` the transaction around it, `prefix` what is listed,
    `alias` that of a key; of a look at a whole table `attributes` are those it names, and `select`
    which it wants.
    """

    action: str
    resource: str
    leading: str = ""
    within: str = ""
    prefix: str = ""
    alias: str = ""
    attributes: tuple[str, ...] = ()
    select: str = ""

    @property
    def context(self) -> dict[str, Any]:
        """The condition keys, as AWS names them; one that is not there is not in the request."""
        keys = {
            "dynamodb:leadingkeys": [self.leading] if self.leading else None,
            "dynamodb:enclosingoperation": [self.within] if self.within else None,
            "dynamodb:attributes": list(self.attributes) or None,
            "dynamodb:select": self.select or None,
            "s3:prefix": self.prefix or None,
            "kms:resourcealiases": [self.alias] if self.alias else None,
        }
        return {name: value for name, value in keys.items() if value is not None}


def arn(service: str, rest: str) -> str:
    """Of something in the region and account that tests pretend to be in."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def bucket_arn(name: str) -> str:
    """Buckets of tests have no account in their name; a deployment's have."""
    return f"arn:aws:s3:::{name}" + ("" if name.endswith(ACCOUNT) else f"-{ACCOUNT}")


def asked(service: str, operation: str, given: Params) -> list[Asked]:
    """The requests of one call. Raise NotImplementedError for a call that is not known here."""
    known = _CALLS.get((service, operation))
    if known is None:
        raise NotImplementedError(f"{service}.{operation}: say in asked.py what it asks")
    return list(known(operation, given))


def missing(given: Params) -> Asked:
    """S3 admits that an object is not there to whoever may list it under its name."""
    return Asked("s3:ListBucket", bucket_arn(given["Bucket"]), prefix=given["Key"])


def _of_item(operation: str, given: Params) -> Iterator[Asked]:
    partition = (given["Item"] if operation == "PutItem" else given["Key"])["PK"]["S"]
    table = arn("dynamodb", f"table/{given['TableName']}")
    yield Asked(f"dynamodb:{operation}", table, partition)


def _of_query(_operation: str, given: Params) -> Iterator[Asked]:
    found = _PARTITION.match(given["KeyConditionExpression"])
    if found is None:
        raise NotImplementedError(given["KeyConditionExpression"])
    partition = given["ExpressionAttributeValues"][found[2]]["S"]
    index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
    table = arn("dynamodb", f"table/{given['TableName']}")
    yield Asked("dynamodb:Query", table + index, partition)


def _of_scan(_operation: str, given: Params) -> Iterator[Asked]:
    """Attributes count wherever they are named: in what is wanted, and in what is filtered by."""
    names = given.get("ExpressionAttributeNames", {})
    texts = (given.get("ProjectionExpression", ""), given.get("FilterExpression", ""))
    found = {names.get(word, word) for text in texts for word in _ATTRIBUTE.findall(text)}
    select = given.get("Select", "ALL_ATTRIBUTES")
    table = arn("dynamodb", f"table/{given['TableName']}")
    yield Asked("dynamodb:Scan", table, attributes=tuple(sorted(found)), select=select)


def _of_table(operation: str, given: Params) -> Iterator[Asked]:
    yield Asked(f"dynamodb:{operation}", arn("dynamodb", f"table/{given['TableName']}"))


def _of_stream(operation: str, given: Params) -> Iterator[Asked]:
    """An iterator begins with its stream."""
    stream = given.get("StreamArn") or given["ShardIterator"].partition("|")[0]
    yield Asked(f"dynamodb:{operation}", stream)


def _of_transaction(operation: str, given: Params) -> Iterator[Asked]:
    for item in given["TransactItems"]:
        ((kind, inner),) = item.items()
        for each in _of_item(_IN_TRANSACTIONS[kind], inner):
            yield replace(each, within=operation)


def _of_object(operation: str, given: Params) -> Iterator[Asked]:
    """A look at the head of an object is a read of it."""
    action = "GetObject" if operation == "HeadObject" else operation
    yield Asked(f"s3:{action}", f"{bucket_arn(given['Bucket'])}/{given['Key']}")


def _of_execution(operation: str, given: Params) -> Iterator[Asked]:
    resource = given.get("stateMachineArn") or given.get("executionArn") or "*"
    yield Asked(f"states:{operation}", resource)


def _of_function(operation: str, given: Params) -> Iterator[Asked]:
    """By its name, or by the alias or version that is asked for."""
    named = ":".join(filter(None, [given["FunctionName"], given.get("Qualifier")]))
    action = "InvokeFunction" if operation == "Invoke" else operation
    yield Asked(f"lambda:{action}", arn("lambda", f"function:{named}"))


def _of_schedule(operation: str, given: Params) -> Iterator[Asked]:
    yield Asked(f"scheduler:{operation}", arn("scheduler", f"schedule/default/{given['Name']}"))


def _of_mappings(operation: str, _given: Params) -> Iterator[Asked]:
    """AWS knows a mapping by its id, and no function by this question."""
    yield Asked(f"lambda:{operation}", "*")


def _of_queue(operation: str, given: Params) -> Iterator[Asked]:
    name = given.get("QueueName") or given["QueueUrl"].rpartition("/")[2]
    yield Asked(f"sqs:{operation}", arn("sqs", name))


def _of_nothing(_operation: str, _given: Params) -> Iterator[Asked]:
    """AWS tells everybody who they are; a policy cannot even deny it."""
    return iter(())


def _of_bucket(operation: str, given: Params) -> Iterator[Asked]:
    yield Asked(f"s3:{operation}", bucket_arn(given["Bucket"]))


def _of_secret(_operation: str, given: Params) -> Iterator[Asked]:
    name = given["SecretId"]
    full = name if name.startswith("arn:") else arn("secretsmanager", f"secret:{name}-a1B2c3")
    yield Asked("secretsmanager:GetSecretValue", full)


def _of_new_export(operation: str, given: Params) -> Iterator[Asked]:
    """DynamoDB writes it to the bucket in the caller's name."""
    yield Asked(f"dynamodb:{operation}", given["TableArn"])
    place = f"{bucket_arn(given['S3Bucket'])}/AWSDynamoDB/new"
    for action in ("AbortMultipartUpload", "PutObject", "PutObjectAcl"):
        yield Asked(f"s3:{action}", place)


def _of_export(operation: str, given: Params) -> Iterator[Asked]:
    yield Asked(f"dynamodb:{operation}", given["ExportArn"])


def _of_key(operation: str, given: Params) -> Iterator[Asked]:
    """By its alias: a policy knows the key itself by nothing else."""
    yield Asked(f"kms:{operation}", arn("kms", "key/a-key"), alias=given["KeyId"])


_CALLS: Final[Mapping[tuple[str, str], Callable[[str, Params], Iterator[Asked]]]] = {
    ("dynamodb", "GetItem"): _of_item,
    ("dynamodb", "PutItem"): _of_item,
    ("dynamodb", "UpdateItem"): _of_item,
    ("dynamodb", "Query"): _of_query,
    ("dynamodb", "TransactWriteItems"): _of_transaction,
    ("dynamodb", "DescribeContinuousBackups"): _of_table,
    ("dynamodb", "DescribeTable"): _of_table,
    ("dynamodb", "ExportTableToPointInTime"): _of_new_export,
    ("dynamodb", "DescribeExport"): _of_export,
    ("kms", "Sign"): _of_key,
    ("kms", "Verify"): _of_key,
    ("dynamodb", "Scan"): _of_scan,
    ("dynamodbstreams", "GetShardIterator"): _of_stream,
    ("dynamodbstreams", "GetRecords"): _of_stream,
    ("s3", "GetObject"): _of_object,
    ("s3", "HeadObject"): _of_object,
    ("s3", "PutObject"): _of_object,
    ("s3", "DeleteObject"): _of_object,
    ("s3", "GetBucketLocation"): _of_bucket,
    ("stepfunctions", "StartExecution"): _of_execution,
    ("stepfunctions", "DescribeStateMachine"): _of_execution,
    ("stepfunctions", "DescribeExecution"): _of_execution,
    ("stepfunctions", "SendTaskSuccess"): _of_execution,
    ("stepfunctions", "ListExecutions"): _of_execution,
    ("stepfunctions", "GetExecutionHistory"): _of_execution,
    ("lambda", "GetFunctionConfiguration"): _of_function,
    ("lambda", "ListAliases"): _of_function,
    ("lambda", "ListEventSourceMappings"): _of_mappings,
    ("lambda", "Invoke"): _of_function,
    ("scheduler", "GetSchedule"): _of_schedule,
    ("sqs", "GetQueueUrl"): _of_queue,
    ("sqs", "GetQueueAttributes"): _of_queue,
    ("sqs", "ReceiveMessage"): _of_queue,
    ("sqs", "DeleteMessage"): _of_queue,
    ("sqs", "ChangeMessageVisibility"): _of_queue,
    ("sts", "GetCallerIdentity"): _of_nothing,
    ("secretsmanager", "GetSecretValue"): _of_secret,
}
