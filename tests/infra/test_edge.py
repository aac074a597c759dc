"""Pages and API behind one address, deployed to an emulator of AWS."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.entrypoints.http.messages import Language, Messages
from infra.deploy.gateway import BURST, RATE, Done, configure
from infra.deploy.origin import origin_key
from infra.deploy.pages import publish
from infra.pages import PAGE_HEADERS, content_security_policy
from infra.problems import STATUS, gateway_responses
from infra.templates import STACKS, load
from tests.infra.emulator import ACCOUNT, REGION, Emulator, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

KEY = origin_key(b"a secret of tests, 32 bytes or more long")
WEB = f"motcua-dev-web-{ACCOUNT}"
FILES = f"https://motcua-dev-files-{ACCOUNT}.s3.{REGION}.amazonaws.com"
SIGN_IN = f"https://motcua-dev-{ACCOUNT}.auth.{REGION}.amazoncognito.com"
ECHO = """
import json
def handler(event, context):
    said = {name.lower(): value for name, value in event["headers"].items()}
    return {"statusCode": 404 if event["path"].endswith("gone") else 200,
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"headers": said, "path": event["path"],
                                "method": event["httpMethod"],
                                "query": event["multiValueQueryStringParameters"]})}
"""


class Site:
    """What was deployed, and its address."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        emulator.deploy("data")
        self.identity = emulator.deploy("identity")
        self.api = _api(emulator)
        self.edge = emulator.deploy(
            "edge",
            RestApiId=self.api,
            OriginKey=KEY,
            SignInOrigin=self.identity["SignInOrigin"],
        )
        publish(folder, WEB, emulator.client("s3"))

    def ask(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        """As a browser, by TLS."""
        return self.emulator.ask(self.edge["DistributionDomain"], path, method, **headers)


def _api(emulator: Emulator) -> str:
    """One function behind one route, as Chalice deploys them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", ECHO)
    arn = emulator.client("lambda").create_function(
        FunctionName="motcua-dev",
        Runtime="python3.11",
        Role=f"arn:aws:iam::{ACCOUNT}:role/x",
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    client = emulator.client("apigateway")
    api: str = client.create_rest_api(name="motcua")["id"]
    at = client.get_resources(restApiId=api)["items"][0]["id"]
    for part in ("api", "v1", "{name}"):
        at = client.create_resource(restApiId=api, parentId=at, pathPart=part)["id"]
    for method in ("GET", "POST"):
        where = {"restApiId": api, "resourceId": at, "httpMethod": method}
        client.put_method(**where, authorizationType="NONE")
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
        client.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client.create_deployment(restApiId=api, stageName="v1")
    return api


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "desk").mkdir()
    (folder / "index.html").write_text("<!doctype html>home")
    (folder / "desk" / "index.html").write_text("<!doctype html>desk")
    (folder / "app.js").write_text("1")
    with running() as emulator:
        yield Site(emulator, folder)


# -- the pages


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/", 200, "<!doctype html>home"),
        ("/?lang=en", 200, "<!doctype html>home"),
        ("/desk", 200, "<!doctype html>desk"),
        ("/desk/", 200, "<!doctype html>desk"),
        ("/app.js", 200, "1"),
        ("/nothing.js", 403, "AccessDenied"),  # S3 answers 404 to those who may list, as here
        ("/nothing", 403, "AccessDenied"),
    ],
)
def test_a_page_has_the_address_it_has_locally(
    site: Site, path: str, status: int, content: str
) -> None:
    """Links and bookmarks are the same wherever the site runs."""
    answer = site.ask(path)
    assert answer.status_code == status
    assert content in answer.text


def test_browsers_are_told_what_the_local_server_tells_them(site: Site) -> None:
    """The pages are tested against the local server's policy; another one could break them here."""
    headers = site.ask("/").headers
    assert headers["Content-Security-Policy"] == content_security_policy(FILES, SIGN_IN)
    assert {name: headers[name] for name in PAGE_HEADERS} == PAGE_HEADERS
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert headers["Cache-Control"].startswith("public, max-age=0")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert not [name for name in headers if name.lower().startswith("x-amz-meta")]


def test_the_bucket_itself_is_closed(site: Site) -> None:
    """Past the edge there is no TLS version and no header that we chose."""
    policy = json.loads(site.emulator.client("s3").get_bucket_policy(Bucket=WEB)["Policy"])
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{site.edge['DistributionId']}"
    assert [each["Condition"] for each in allowed] == [{"StringEquals": {"AWS:SourceArn": arn}}] * 2
    assert {each["Principal"]["Service"] for each in allowed} == {"cloudfront.amazonaws.com"}
    assert [each["Action"] for each in allowed] == ["s3:GetObject", "s3:ListBucket"]


# -- the API


def test_a_request_reaches_the_api_whole(site: Site) -> None:
    """What the pages send works unchanged: who signed in, the dossier's secret, the language."""
    sent = {
        "Authorization": "Bearer abc",
        "X-Dossier-Secret": "s" * 22,
        "Accept-Language": "en",
        "Idempotency-Key": "k" * 16,
    }
    answer = site.ask("/api/v1/gi%E1%BA%A5y?q=%C4%91&q=2", "POST", **sent)
    got = answer.json()
    assert (answer.status_code, got["method"]) == (200, "POST")
    assert got["path"] in ("/api/v1/giấy", "/api/v1/gi%E1%BA%A5y")
    assert got["query"] == {"q": ["đ", "2"]}
    assert {name: got["headers"][name.lower()] for name in sent} == sent
    assert site.edge["DistributionDomain"] not in got["headers"].get("host", "")


def test_the_edge_says_whose_request_it_is(site: Site) -> None:
    """And nobody else can: what a browser writes into these headers is written over."""
    forged = {"X-Viewer-Address": "203.0.113.1", "X-Origin-Key": "x"}
    headers = site.ask("/api/v1/echo", **forged).json()["headers"]
    assert headers["x-viewer-address"] == "127.0.0.1"
    assert headers["x-origin-key"] == KEY


def test_an_answer_may_not_run_as_a_page(site: Site) -> None:
    """Somebody will open an address of the API in a browser, with what others wrote in it."""
    headers = site.ask("/api/v1/echo").headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "status"), [("/", 301), ("/api/v1/echo", 403)])
def test_nothing_is_said_in_the_clear(site: Site, path: str, status: int) -> None:
    """A page moves to TLS; a request with a secret must fail, or the client never learns."""
    answer = site.ask(path, X_Forwarded_Proto="http")
    assert answer.status_code == status


def test_no_error_is_kept() -> None:
    """A 404 for a wrong secret would be shown to whoever asks with the right one."""
    config = load(STACKS / "edge.yaml")["Resources"]["Site"]["Properties"]["DistributionConfig"]
    kept = {each["ErrorCode"]: each for each in config["CustomErrorResponses"]}
    cached_by_default = {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
    assert kept.keys() == cached_by_default
    # A page in its place would also stand in the place of the API's own refusals.
    assert all(each.keys() == {"ErrorCode", "ErrorCachingMinTTL"} for each in kept.values())
    assert {each["ErrorCachingMinTTL"] for each in kept.values()} == {0}
    (behind,) = config["CacheBehaviors"]
    assert behind["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


# -- what API Gateway answers itself


def test_the_gateway_refuses_in_our_words(site: Site) -> None:
    """Clients know one format; people read what to do, in either language."""
    client = site.emulator.client("apigateway")
    before = site.ask("/api/v1/a/b")
    assert before.json() == {"message": "Missing Authentication Token"}
    assert configure(client, site.api, "v1") == Done(len(STATUS), limits=True, deployed=True)
    answer = site.ask("/api/v1/a/b", Accept="text/html")
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (404, 404, "request.not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Correlation-Id"] == body["correlation_id"] != ""
    assert answer.headers["Cache-Control"] == "no-store"
    for language in Language:
        assert Messages().text("request.not_found", language, {}) in body["detail"]
    assert body.keys() == {
        "type", "title", "status", "detail", "code", "errors", "correlation_id",
    }  # fmt: skip
    settings = client.get_stage(restApiId=site.api, stageName="v1")["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (RATE, BURST)

    assert configure(client, site.api, "v1") == Done(0, limits=False, deployed=False)
    client.create_deployment(restApiId=site.api, stageName="v1")  # as each `chalice deploy` does
    assert configure(client, site.api, "v1") == Done(0, limits=False, deployed=True)
    client.put_gateway_response(restApiId=site.api, responseType="THROTTLED", statusCode="418")
    assert configure(client, site.api, "v1") == Done(1, limits=False, deployed=True)


@pytest.mark.parametrize("response", gateway_responses(), ids=lambda each: each.kind)
def test_every_answer_of_the_gateway_is_a_problem(response: Any) -> None:
    """Each of the kinds API Gateway has; a template that is no JSON would be sent all the same."""
    body = json.loads(response.template.replace("$context.requestId", "id"))
    assert str(body["status"]) == response.status
    assert body["correlation_id"] == "id"
    assert "{" not in body["detail"]
    assert body["title"].count(" / ") == 1
    assert "$" not in response.template.replace("$context.requestId", "")


def test_no_kind_of_answer_is_left_out(site: Site) -> None:
    """One that is would answer in a format of its own."""
    page = site.emulator.client("apigateway").get_gateway_responses(restApiId=site.api, limit=500)
    assert {each["responseType"] for each in page["items"]} == set(STATUS)


# -- the stack itself


def test_deploying_again_changes_nothing(site: Site) -> None:
    """Else each deployment would put something at risk for nothing."""
    assert site.emulator.changes("edge") == []


def test_it_can_be_deleted(site: Site) -> None:
    """It holds nothing; the pages stay in their bucket. Last, as nothing answers afterwards."""
    site.emulator.delete("edge")
    listed = site.emulator.client("cloudfront").list_distributions()["DistributionList"]
    assert listed["Quantity"] == 0
    assert site.emulator.client("s3").list_objects_v2(Bucket=WEB)["KeyCount"] == 3
