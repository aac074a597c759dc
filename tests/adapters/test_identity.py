"""Who signs in, and above all who does not."""

import base64
import hmac
import json
import stat
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep, time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.adapters import dev_issuer
from chalicelib.adapters.dev_issuer import AUDIENCE, ISSUER, DevIssuer
from chalicelib.adapters.identity import Claims, Identity, remote_keys
from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.ids import AgencyCode, PersonRef
from chalicelib.domain.terms import Role

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
CLAIMS = Claims(("sub",), ("roles",), ("agency_code",), ("number",))
STRANGER = ec.generate_private_key(ec.SECP256R1())
CITIZEN = {
    "account": "CT-0001",
    "name": "x",
    "roles": ["citizen"],
    "agency_code": None,
    "id": "049",
}
OFFICIAL = {
    "account": "OF-0001",
    "name": "x",
    "roles": ["desk", "head"],
    "agency_code": "H15.1",
    "id": "OF-0001",
}


def published(kid: str, key: Any) -> dict[str, Any]:
    """A key as an issuer publishes it."""
    kind = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


class Issuer:
    """Serves a key set over HTTP and counts who asks."""

    def __init__(self) -> None:
        self.keys = [published("ec", EC_KEY), published("rsa", RSA_KEY)]
        self.asked = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": issuer.keys}).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def identity(issuer: Issuer) -> Identity:
    return made(issuer)


def made(issuer: Issuer, **settings: Any) -> Identity:
    return Identity(remote_keys(issuer.url, **settings), ISSUER, AUDIENCE, CLAIMS, hashed)


def hashed(number: str) -> PersonRef:
    return PersonRef(f"hash of {number}")


def claims(**changed: Any) -> dict[str, Any]:
    """Of an official; a claim changed to None is left out."""
    now = int(time())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "OF-0001",
        "iat": now,
        "exp": now + 60,
        "roles": ["desk"],
        "agency_code": "H15.1",
    }
    return {name: value for name, value in (given | changed).items() if value is not None}


def token(
    key: Any = EC_KEY,
    algorithm: str = "ES256",
    headers: Mapping[str, Any] | None = None,
    **changed: Any,
) -> str:
    return jwt.encode(claims(**changed), key, algorithm, {"kid": "ec"} | dict(headers or {}))


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(EC_KEY, "ES256", "ec"), (RSA_KEY, "RS256", "rsa")]
)
def test_an_official(identity: Identity, key: Any, algorithm: str, kid: str) -> None:
    """Both kinds of signature that issuers use."""
    found = identity.identify(token(key, algorithm, {"kid": kid}))
    assert found == Actor(
        ActorKind.OFFICIAL, "OF-0001", AgencyCode("H15.1"), frozenset({Role.DESK})
    )


def test_a_citizen_is_a_hash(identity: Identity) -> None:
    """The number itself goes no further than this adapter."""
    found = identity.identify(token(roles=["citizen"], number="049090000001", agency_code=None))
    assert found == Actor(
        ActorKind.CITIZEN, PersonRef("hash of 049090000001"), None, frozenset({Role.CITIZEN})
    )


def test_unknown_roles_count_for_nothing(identity: Identity) -> None:
    """A province's provider has roles for other systems, too."""
    found = identity.identify(token(roles=["desk", "root", "DESK"]))
    assert found
    assert found.roles == {Role.DESK}


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": None},
        {"iat": None},
        {"iss": "another"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"roles": None},
        {"roles": []},
        {"roles": ["root"]},
        {"roles": "desk"},
        {"roles": [["desk"]]},
        {"agency_code": None},
        {"agency_code": ""},
        {"agency_code": 7},
        {"roles": ["citizen"]},
        {"roles": ["citizen"], "number": ""},
        {"roles": ["citizen"], "number": 49090000001},
        {"roles": ["citizen", "desk"], "number": "049"},
    ],
    ids=str,
)
def test_claims_that_do_not_sign_in(identity: Identity, changed: dict[str, Any]) -> None:
    """Each is well signed; one that is late, for somebody else or of nobody still is no sign-in."""
    assert identity.identify(token()) is not None
    assert identity.identify(token(**changed)) is None


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -31), ("iat", 3600), ("nbf", 3600)])
def test_times_that_do_not_sign_in(identity: Identity, claim: str, seconds: int) -> None:
    """Too late or too early. Counted when it runs: a test's name must not hold the time."""
    assert identity.identify(token(**{claim: int(time()) + seconds})) is None


def test_two_clocks_may_differ_a_little(identity: Identity) -> None:
    """30 seconds, or people are turned away at the moment they sign in."""
    now = int(time())
    assert identity.identify(token(exp=now - 20)) is not None
    assert identity.identify(token(iat=now + 20)) is not None


def test_another_key(identity: Identity) -> None:
    """Naming the right key is easy; having it is the point."""
    assert identity.identify(token(STRANGER)) is None


def forged() -> str:
    """Signed with the public key as if it were a shared secret; PyJWT refuses to make it."""
    secret = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = text(b'{"alg":"HS256","kid":"ec"}') + "." + text(json.dumps(claims()).encode())
    return f"{head}.{text(hmac.digest(secret, head.encode(), 'sha256'))}"


def text(content: bytes) -> str:
    """Base64url, as in a JWT."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_another_algorithm(identity: Identity) -> None:
    """The classic ways around a signature: none at all, and the public key as a shared secret."""
    assert identity.identify(token("", "none")) is None
    assert identity.identify(forged()) is None
    assert identity.identify(token(RSA_KEY, "PS256", {"kid": "rsa"})) is None
    assert identity.identify(token(RSA_KEY, "RS256", {"kid": "ec"})) is None


def test_keys_of_another_kind(issuer: Issuer, identity: Identity) -> None:
    """What an issuer publishes for other purposes signs nobody in, however well it is signed."""
    shared = {"kty": "oct", "k": text(b"k" * 32), "kid": "oct", "alg": "HS256", "use": "sig"}
    issuer.keys += [shared, published("ps", RSA_KEY) | {"alg": "PS256"}]
    assert identity.identify(token(b"k" * 32, "HS256", {"kid": "oct"})) is None
    assert identity.identify(token(RSA_KEY, "PS256", {"kid": "ps"})) is None


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "a",
        "a.b.c",
        "....",
        text(b'{"alg":"ES256"}') + ".e30.AA",
        text(b'{"alg":"ES256","kid":7}') + ".e30.AA",
        text(b'{"alg":"ES256","kid":"ec"}') + "." + text(b"[" * 5000) + ".AA",
        text(b"[" * 5000) + ".e30.AA",
        text(b'{"alg":"ES256","kid":"ec"}') + ".e30." + "A" * 9000,
        text(b'\xff{"alg"') + ".e30.AA",
    ],
    ids=range(10),
)
def test_garbage_is_nobody(identity: Identity, garbage: str) -> None:
    """Whatever a stranger sends is a 401, never a bug."""
    assert identity.identify(garbage) is None


def test_strangers_cannot_make_us_ask(issuer: Issuer, identity: Identity) -> None:
    """A flood of made-up key names must not become a flood on the issuer."""
    for number in range(20):
        assert identity.identify(token(headers={"kid": f"x{number}"})) is None
        assert identity.identify(token()) is not None
    assert issuer.asked <= 2


def test_a_key_that_was_withdrawn(issuer: Issuer) -> None:
    """A stolen key stops working once the issuer drops it, not when this process ends."""
    identity = made(issuer, kept_seconds=0.05)
    assert identity.identify(token()) is not None
    issuer.keys = [published("rsa", RSA_KEY)]
    sleep(0.1)
    assert identity.identify(token()) is None
    assert identity.identify(token(RSA_KEY, "RS256", {"kid": "rsa"})) is not None


def test_an_issuer_out_of_reach_is_not_the_callers_fault(issuer: Issuer) -> None:
    """As a 401 it would send everybody to sign in again, and no alarm would ring."""
    identity = made(issuer)
    issuer.server.shutdown()
    issuer.server.server_close()
    with pytest.raises(UnavailableError):
        identity.identify(token())


# -- the development issuer


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "dev.pem"


def local(dev: DevIssuer) -> Identity:
    return Identity(dev, ISSUER, AUDIENCE, CLAIMS, hashed)


def test_demo_accounts_sign_in(key_file: Path) -> None:
    """A citizen and an official: what every demonstration starts with."""
    dev = DevIssuer(key_file)
    identity = local(dev)
    citizen, official = (
        identity.identify(dev.token(CITIZEN)),
        identity.identify(dev.token(OFFICIAL)),
    )
    assert citizen == Actor(ActorKind.CITIZEN, "hash of 049", None, frozenset({Role.CITIZEN}))
    roles = frozenset({Role.DESK, Role.HEAD})
    assert official == Actor(ActorKind.OFFICIAL, "OF-0001", AgencyCode("H15.1"), roles)


def test_a_token_lasts_a_working_day(key_file: Path) -> None:
    """Eight hours, and then no more."""
    given = jwt.decode(DevIssuer(key_file).token(OFFICIAL), options={"verify_signature": False})
    assert given["exp"] - given["iat"] == 8 * 3600


def test_tokens_outlive_a_restart(key_file: Path) -> None:
    """The key is on disk, for its owner's eyes only, and is not made twice."""
    before = DevIssuer(key_file).token(OFFICIAL)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert local(DevIssuer(key_file)).identify(before) is not None
    assert [each.name for each in key_file.parent.iterdir()] == [key_file.name]


def test_processes_that_start_together_share_one_key(key_file: Path) -> None:
    """Both saw no key and made one; the second must take the first's, or tokens stop working."""
    dev_issuer._make(key_file)
    first = key_file.read_bytes()
    dev_issuer._make(key_file)
    assert key_file.read_bytes() == first
    assert [each.name for each in key_file.parent.iterdir()] == [key_file.name]


def test_two_developers_do_not_know_each_other(tmp_path: Path) -> None:
    """Same names, another key: a development token is worth nothing elsewhere."""
    mine, theirs = DevIssuer(tmp_path / "a"), DevIssuer(tmp_path / "b")
    assert local(mine).identify(theirs.token(OFFICIAL)) is None


def test_the_key_set_is_public(key_file: Path) -> None:
    """What is published must not hold the private part."""
    (key,) = DevIssuer(key_file).jwks()["keys"]
    assert "d" not in key
    assert (key["alg"], key["kid"]) == ("ES256", "dev")
