"""Tokens of an OpenID Connect issuer, against a stand-in on loopback with real keys."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import InvalidOption
from core.groups.access import OidcSettings
from core.settings import Settings
from service.access.caller import Scope
from service.access.oidc import LONGEST_AGE_S, MAX_AGE_S, PAUSE_S, IssuerAway, Tokens, fetch_json
from service.access.start import check_keys
from tests.service import scene
from tests.service.access.issuer import AUDIENCE, Issuer, issuing
from tests.service.access.keyed import Keyed, bearer
from tests.service.scene import order, problem_of


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture(autouse=True)
def _as_new(issuer: Issuer) -> None:
    issuer.is_away, issuer.named = False, ""
    issuer.asked.clear()


def settings_of(issuer: Issuer, **changes: str) -> OidcSettings:
    return Settings(oidc_issuer=issuer.url, oidc_audience=AUDIENCE, **changes).oidc


@pytest.fixture
def tokens(issuer: Issuer) -> Tokens:
    return Tokens(settings_of(issuer))


def test_claims_become_party_and_scopes(tokens: Tokens, issuer: Issuer) -> None:
    caller = tokens.caller_of(issuer.token())
    assert caller is not None
    assert (caller.party, caller.name, caller.scopes) == ("forest", "alice", {Scope.READ})
    assert not caller.sees_all
    assert caller.id.startswith("oidc ")
    assert caller.key_id == ""


def test_keys_of_both_kinds_sign_and_a_token_without_a_key_id_is_refused_where_there_are_two(
    tokens: Tokens, issuer: Issuer
) -> None:
    assert tokens.caller_of(issuer.token(key=issuer.ec_key, kid="e1", algorithm="ES256")) is not None
    assert tokens.caller_of(issuer.token(algorithm="PS256")) is not None
    assert tokens.caller_of(issuer.token(kid=None)) is None
    assert tokens.caller_of(issuer.token(kid="e1")) is None


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("read order", {"read", "order"}),
        (["landcast:order", "x"], {"order"}),
        ("reader other:read", set()),
        (None, set()),
        (7, set()),
        ({"read": True}, set()),
        ("READ", set()),
    ],
)
def test_scopes_are_a_text_or_a_list(tokens: Tokens, issuer: Issuer, scope: object, expected: set[str]) -> None:
    caller = tokens.caller_of(issuer.token(scope=scope))
    assert caller is not None
    assert {s.value for s in caller.scopes} == expected


def test_claims_may_be_nested_and_have_other_names(issuer: Issuer) -> None:
    settings = settings_of(issuer, oidc_party_claim="org.id", oidc_scope_claim="https://eo.example/roles")
    further = {"org": {"id": "farm"}, "https://eo.example/roles": ["order"]}
    caller = Tokens(settings).caller_of(issuer.token(**further))
    assert caller is not None
    assert (caller.party, caller.scopes) == ("farm", {Scope.ORDER})


@pytest.mark.parametrize("party", [None, "", " ", 7, ["forest"], "a\nb", "x" * 65, " forest"])
def test_a_token_without_a_usable_party_is_refused(tokens: Tokens, issuer: Issuer, party: object) -> None:
    assert tokens.caller_of(issuer.token(party=party)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 9_000_000_000},
        {"iat": None},
        {"iat": 9_000_000_000},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_meant_for_us_is_refused(tokens: Tokens, issuer: Issuer, changes: dict[str, Any]) -> None:
    assert tokens.caller_of(issuer.token(**changes)) is None


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """Return a token signed with a shared secret, or not at all; libraries refuse to make these."""
    parts = [base64.urlsafe_b64encode(json.dumps(d).encode()).decode().rstrip("=") for d in (header, claims)]
    digest = hmac.digest(secret, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, base64.urlsafe_b64encode(digest).decode().rstrip("=")])


def test_algorithms_are_fixed(tokens: Tokens, issuer: Issuer) -> None:
    """Neither `none`, nor a public key taken for a shared secret, nor another algorithm of the same key."""
    public = issuer.rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ("HS256", "none", "None", "RS256"):
        assert tokens.caller_of(by_hand({"alg": algorithm, "kid": "r1"}, issuer.claims(), public)) is None
    payload = issuer.token().split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"r1"}').decode().rstrip("=")
    assert tokens.caller_of(f"{none}.{payload}.") is None
    assert tokens.caller_of(issuer.token(algorithm="RS512")) is None


def test_keys_in_the_token_itself_are_not_used(tokens: Tokens, issuer: Issuer) -> None:
    own = rsa.generate_private_key(65537, 2048)
    assert tokens.caller_of(issuer.token(key=own)) is None
    header, payload, _ = issuer.token().split(".")
    _, other, signature = issuer.token(party="farm").split(".")
    assert tokens.caller_of(f"{header}.{other}.{issuer.token().split('.')[2]}") is None
    assert tokens.caller_of(f"{header}.{payload}.{signature}") is None
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 40_000).decode().rstrip("=")
    odd = [base64.urlsafe_b64encode(text).decode().rstrip("=") for text in (b"[]", b"7", b'{"alg":7}', b'{"kid":{}}')]
    for wrong in ("a.b.c", "..", "eyJ.eyJ.x", header, f"{deep}.{payload}.x", *(f"{o}.{payload}.x" for o in odd)):
        assert tokens.caller_of(wrong) is None


def test_made_up_key_ids_do_not_flood_the_issuer(issuer: Issuer) -> None:
    now = [0.0]
    tokens = Tokens(settings_of(issuer), clock=lambda: now[0])
    assert tokens.caller_of(issuer.token()) is not None
    for number in range(20):
        assert tokens.caller_of(issuer.token(kid=f"made-up-{number}")) is None
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    now[0] += PAUSE_S
    assert tokens.caller_of(issuer.token(kid="made-up")) is None
    assert len(issuer.asked) == 4


def test_a_new_key_of_the_issuer_is_found_and_an_old_one_forgotten(issuer: Issuer) -> None:
    now = [0.0]
    tokens = Tokens(settings_of(issuer), clock=lambda: now[0])
    before, token = issuer.rsa_key, issuer.token()
    assert tokens.caller_of(token) is not None
    issuer.rsa_key = rsa.generate_private_key(65537, 2048)
    now[0] += MAX_AGE_S + 1
    assert tokens.caller_of(token) is None
    assert tokens.caller_of(issuer.token()) is not None
    issuer.rsa_key = before


def test_an_issuer_that_is_away_is_503_and_its_keys_are_used_for_a_day(issuer: Issuer) -> None:
    now = [0.0]
    tokens = Tokens(settings_of(issuer), clock=lambda: now[0])
    issuer.is_away = True
    for _ in range(3):
        with pytest.raises(IssuerAway):
            tokens.caller_of(issuer.token())
    assert len(issuer.asked) == 1, "it is not asked with every request"
    issuer.is_away = False
    now[0] += PAUSE_S
    assert tokens.caller_of(issuer.token()) is not None
    issuer.is_away = True
    now[0] += LONGEST_AGE_S - 1
    assert tokens.caller_of(issuer.token()) is not None
    now[0] += PAUSE_S
    with pytest.raises(IssuerAway):
        tokens.caller_of(issuer.token())


def test_a_configuration_of_another_issuer_is_not_trusted(issuer: Issuer) -> None:
    issuer.named = "https://evil.example"
    with pytest.raises(IssuerAway):
        Tokens(settings_of(issuer)).caller_of(issuer.token())
    with pytest.raises(IssuerAway):
        fetch_json(f"{issuer.url}/nothing")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"oidc_issuer": "http://sso.example"}, "LANDCAST_OIDC_ISSUER"),
        ({"oidc_issuer": "file:///etc/passwd"}, "LANDCAST_OIDC_ISSUER"),
        ({"oidc_issuer": "https://sso.example"}, "LANDCAST_OIDC_AUDIENCE"),
        ({"oidc_issuer": "https://sso.example", "oidc_jwks_url": "http://sso.example/k"}, "LANDCAST_OIDC_JWKS_URL"),
    ],
)
def test_a_service_with_a_wrong_issuer_does_not_start(guarded: Keyed, changes: dict[str, str], name: str) -> None:
    with pytest.raises(InvalidOption, match=name):
        check_keys(guarded.settings.but(**changes))


def test_a_service_with_an_issuer_needs_no_key_to_start(guarded: Keyed, issuer: Issuer, tmp_path: Any) -> None:
    check_keys(Settings(home=tmp_path, host="0.0.0.0", oidc_issuer=issuer.url, oidc_audience=AUDIENCE))


@pytest.fixture(scope="module")
def client(guarded: Keyed, issuer: Issuer) -> Iterator[httpx.Client]:
    """A client of a service that takes keys and tokens."""
    with scene.served(guarded.settings.but(oidc_issuer=issuer.url, oidc_audience=AUDIENCE)) as found:
        yield found


def test_a_token_opens_the_jobs_of_its_party_as_a_key_does(
    client: httpx.Client, issuer: Issuer, guarded: Keyed
) -> None:
    mine = client.get("/jobs", headers=bearer(issuer.token(party="farm"))).json()["jobs"]
    assert [j["jobID"] for j in mine] == ["farm1"]
    problem_of(client.get("/jobs/crop1", headers=bearer(issuer.token(party="farm"))), 404)
    problem_of(client.post("/processes/crop/execution", json=order(), headers=bearer(issuer.token())), 403)
    problem_of(client.get("/jobs", headers=bearer(issuer.token(aud="other"))), 401)
    assert client.get("/jobs", headers=bearer(guarded.keys["forest"])).status_code == 200
    problem_of(client.get("/jobs"), 401)


def test_a_token_in_a_url_is_refused(client: httpx.Client, issuer: Issuer) -> None:
    problem_of(client.get(f"/jobs?access_token={issuer.token()}"), 400)


def test_without_an_issuer_tokens_are_no_keys(guarded: Keyed, issuer: Issuer) -> None:
    problem_of(guarded.ask(issuer.token(), "GET", "/jobs"), 401)
