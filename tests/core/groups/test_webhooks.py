"""Settings of webhooks: networks are networks, or the program does not start."""

import pytest

from core.errors import InvalidOption
from core.read_settings import read_settings
from core.settings import Settings


def test_networks_of_both_kinds_are_taken() -> None:
    assert Settings().webhooks.networks == ""
    assert Settings(webhook_networks="10.1.0.0/16 fd00::/8 192.168.1.7").webhooks.networks.split()[1] == "fd00::/8"


@pytest.mark.parametrize("text", ["10.1.0.1/16", "hooks.example", "10.0.0.0/99", "10.0.0.0/8,fd00::/8"])
def test_what_is_no_network_is_said_in_one_sentence(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDCAST_WEBHOOK_NETWORKS", text)
    with pytest.raises(InvalidOption, match=r"LANDCAST_WEBHOOK_NETWORKS.*write it as 10\.1\.0\.0/16"):
        read_settings()
