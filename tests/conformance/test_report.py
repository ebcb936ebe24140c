"""What the clients expect of the service that a change of the service may make wrong, checked without them."""

from pathlib import Path

from core.settings import Settings
from tests.conformance.clients.report import needed_input
from tests.service import scene


def test_the_clients_know_what_each_process_needs(tmp_path: Path) -> None:
    with scene.served(Settings(home=tmp_path / "home")) as client:
        ids = [process["id"] for process in client.get("/processes").json()["processes"]]
        needed = {
            i: [n for n, one in client.get(f"/processes/{i}").json()["inputs"].items() if one["minOccurs"]] for i in ids
        }
    assert needed == {i: [needed_input(i)] for i in ids}
