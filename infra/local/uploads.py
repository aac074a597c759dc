"""Carries the bucket's events, which arrive in a queue, to the upload handler."""

from __future__ import annotations

import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.handlers import Handler, context_for
from infra.local.settings import QUEUE_ARN, UPLOAD_QUEUE

if TYPE_CHECKING:
    from infra.local.failed_events import FailedEvents

TRIES = 10
_LONGEST_PAUSE = 30  # seconds


class Uploads:
    """Reads the queue; a message goes away only when taken, or given up on in writing."""

    def __init__(self, handler: Handler, failed: FailedEvents) -> None:
        self._client = boto3.client("sqs")
        self._url = self._client.get_queue_url(QueueName=UPLOAD_QUEUE)["QueueUrl"]
        self._handler = handler
        self._failed = failed

    def start(self) -> None:
        """Start reading in a thread."""
        threading.Thread(target=self._follow, daemon=True, name="uploads").start()

    def _follow(self) -> None:
        while True:
            try:
                self._receive()
            except (BotoCoreError, ClientError):
                traceback.print_exc()
                time.sleep(1)

    def _receive(self) -> None:
        page = self._client.receive_message(
            QueueUrl=self._url,
            WaitTimeSeconds=20,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            AttributeNames=["ApproximateReceiveCount"],
        )
        for message in page.get("Messages", []):
            self._deliver(message)

    def _deliver(self, message: dict[str, Any]) -> None:
        """Hand one message over; the queue shows it again later when that fails."""
        event = {"Records": [to_lambda(message)]}
        count = int(message["Attributes"]["ApproximateReceiveCount"])
        handle = {"QueueUrl": self._url, "ReceiptHandle": message["ReceiptHandle"]}
        if self._taken(event):
            self._client.delete_message(**handle)
        elif count >= TRIES:
            self._failed.add(UPLOAD_QUEUE, event)
            self._client.delete_message(**handle)
        else:
            pause = min(2 ** (count - 1), _LONGEST_PAUSE)
            self._client.change_message_visibility(**handle, VisibilityTimeout=pause)

    def _taken(self, event: dict[str, Any]) -> bool:
        try:
            answer = self._handler(event, context_for("on_upload"))
        except Exception:  # noqa: BLE001 - whatever a handler raises, the message is delivered again
            traceback.print_exc()
            return False
        return not (answer or {}).get("batchItemFailures")


def to_lambda(message: dict[str, Any]) -> dict[str, Any]:
    """A message of ReceiveMessage in the form Lambda gets."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
    }
