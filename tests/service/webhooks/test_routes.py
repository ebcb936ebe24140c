"""The secret of webhooks over REST."""

import base64

from tests.service.access.keyed import Keyed, keyed
from tests.service.conftest import Front


def test_a_service_without_keys_has_one_secret(own: Front) -> None:
    first, again = (own.client.get("/webhooks/secret").json() for _ in range(2))
    assert first == again
    assert len(base64.b64decode(first["secret"].removeprefix("whsec_"))) == 32


def test_each_key_is_given_its_own_and_nobody_without_a_key_any(own: Front) -> None:
    with keyed(own.settings) as found:
        shown: Keyed = found
        secrets = [shown.ask(name, "GET", "/webhooks/secret").json()["secret"] for name in ("forest", "farm", "reader")]
        assert len(set(secrets)) == 3
        assert shown.client.get("/webhooks/secret").status_code == 401
