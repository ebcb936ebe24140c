import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.settings import described
from tests.conftest import ROOT

DOCKERFILES = ("docker/api.Dockerfile", "docker/worker.Dockerfile")


def instructions(name: str) -> list[tuple[str, str]]:
    """Instructions of a Dockerfile with their arguments on one line."""
    lines = [n for n in (ROOT / name).read_text(encoding="utf-8").splitlines() if not n.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(n.split(None, 1)[0], n.split(None, 1)[1]) for n in joined.splitlines() if n.strip()]


def arguments(name: str, instruction: str) -> list[str]:
    return [rest for word, rest in instructions(name) if word == instruction]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_a_dockerfile_begins_with_a_pinned_base(name: str) -> None:
    assert instructions(name)[0][0] == "FROM"
    assert [base for base in arguments(name, "FROM") if not re.fullmatch(r"[a-z/]+:\d+\.\d+[\w.-]*", base)] == []


@pytest.mark.parametrize("name", DOCKERFILES)
def test_every_run_line_is_sound_shell(name: str) -> None:
    for line in arguments(name, "RUN"):
        subprocess.run(["sh", "-n", "-c", line], check=True)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_runs_as_a_user_without_rights_and_checks_its_health(name: str) -> None:
    words = [word for word, _ in instructions(name)]
    assert arguments(name, "USER") == ["landcast"]
    assert words.index("USER") > max(i for i, word in enumerate(words) if word == "RUN")
    assert len(arguments(name, "HEALTHCHECK")) == 1


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_an_image_copies_exists_and_reaches_the_builder(name: str) -> None:
    sources = {s for line in arguments(name, "COPY") for s in line.split()[:-1]}
    allowed = {n[1:] for n in (ROOT / ".dockerignore").read_text().splitlines() if n.startswith("!")}
    assert {s for s in sources if not (ROOT / s).exists()} == set()
    assert sources == allowed


@pytest.mark.parametrize("name", DOCKERFILES)
def test_commands_of_an_image_are_lists_so_that_signals_reach_the_program(name: str) -> None:
    assert all(isinstance(yaml.safe_load(line), list) for line in arguments(name, "CMD"))


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint_finds_nothing(name: str) -> None:
    subprocess.run(["hadolint", ROOT / name], check=True)


def requirements(*without: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "docker" / "requirements.py", *without]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_requirements_leave_out_what_is_named_and_nothing_else() -> None:
    every, fewer = (requirements(*w).stdout.splitlines() for w in ((), ("torch", "onnx")))
    assert {line.split(">")[0] for line in set(every) - set(fewer)} == {"torch", "onnx"}
    assert any(line.startswith("onnxruntime") for line in fewer)


def test_a_name_that_is_no_requirement_is_refused() -> None:
    assert requirements("tensorflow").returncode == 1


COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_our_services_are_built_here_share_one_home_and_wait_for_healthy_partners(name: str) -> None:
    service = SERVICES[name]
    folder = ROOT / "docker" / service["build"]["context"]
    assert (folder / service["build"]["dockerfile"]).is_file()
    assert service["volumes"] == ["home:/srv/landcast"]
    assert {n: c["condition"] for n, c in service["depends_on"].items()} == dict.fromkeys(
        ("redis", "postgres"), "service_healthy"
    )


@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_foreign_images_are_pinned_and_have_a_health_check(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:\d+\.\d+[\w.-]*", SERVICES[name]["image"])
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert "ports" not in SERVICES[name]


def test_secrets_come_from_the_environment_and_must_be_given() -> None:
    text = Path(ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    passwords = re.findall(r"(?:PASSWORD: |landcast:)(\S.*?)(?:@|$)", text, re.MULTILINE)
    assert passwords
    assert {p for p in passwords if not p.startswith(("${POSTGRES_PASSWORD:?", "/srv/"))} == set()


def test_settings_in_the_compose_file_exist() -> None:
    known = set(described())
    own = {name: value for name, value in COMPOSE["x-landcast"].items() if not name.startswith("AWS_")}
    assert set(own) <= known
    passed_on = {value for name, value in COMPOSE["x-landcast"].items() if name not in own}
    assert passed_on == {None}, "keys are those of the environment, and none is empty where none is set"


def test_volumes_that_are_mounted_are_declared() -> None:
    mounted = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])
