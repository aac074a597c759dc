"""Files go straight to the store: the API promises a place and signs the request."""

from typing import Annotated
from uuid import uuid4

from pydantic import Field, StringConstraints

from chalicelib.bootstrap import deps
from chalicelib.domain.actor import Actor
from chalicelib.domain.ids import FileId
from chalicelib.domain.terms import Role
from chalicelib.entrypoints.http.auth import signed_in
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.use_cases.promise_upload import PromiseUpload, promise_upload

uploads = Routes("uploads")


class UploadBody(Wire):
    """What will be sent; the store takes nothing else."""

    name: Annotated[str, StringConstraints(pattern=r"^[^/\\<>\x00-\x1f]{1,200}$")]
    type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=100)]
    size: Annotated[int, Field(ge=1, le=2**40, description="Bytes.")]
    sha256: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$"),
        Field(description="SHA-256 of the content, in base64."),
    ]


class PromisedAnswer(Wire):
    """POST `fields` and then `file` as multipart/form-data to `url`, within an hour."""

    file_id: str
    url: str
    fields: dict[str, str]


@uploads.post(
    "/uploads",
    auth=signed_in(Role.CITIZEN, Role.DESK, Role.OFFICER, Role.HEAD),
    body=UploadBody,
    answer=PromisedAnswer,
    status=201,
)
def promise_file(request: Request[UploadBody]) -> PromisedAnswer:
    """A place for one file."""
    return promise(request.body, request.person)


def promise(body: UploadBody, actor: Actor) -> PromisedAnswer:
    """For a person or an agency."""
    command = PromiseUpload(body.name, body.type, body.size, body.sha256)
    done = promise_upload(command, actor, FileId(str(uuid4())), deps())
    return PromisedAnswer(file_id=done.file, url=done.request["url"], fields=done.request["fields"])
