"""The version of the software."""

from core.version import software_version


def test_the_installed_software_has_a_version() -> None:
    assert software_version()[0].isdigit()
