"""Signatures of webhooks: those of Standard Webhooks 1.0, with a secret for each key."""

from pathlib import Path

from core.settings import Settings
from service.webhooks.sign import secret_of, signed
from workers.queue.ledger import open_ledger


def test_a_message_is_signed_as_the_standard_shows() -> None:
    """The example of https://github.com/standard-webhooks/standard-webhooks and of Svix's documentation."""
    headers = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_key_has_a_secret_which_stays_the_same(tmp_path: Path) -> None:
    engine = open_ledger(Settings(home=tmp_path)).engine
    first, other = secret_of(engine, "0a1b2c3d"), secret_of(engine, "")
    assert first.startswith("whsec_")
    assert first != other
    assert secret_of(engine, "0a1b2c3d") == first
