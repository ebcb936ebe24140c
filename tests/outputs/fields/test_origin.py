"""Provenance of the lines of fields."""

import hashlib
import json
from pathlib import Path

from core.cube import SceneRecord
from outputs.fields.origin import MOST_FAILURES, Origin, Reads, write_origin


def scene(number: int, failure: str = "", mask: str = "SCL") -> SceneRecord:
    return SceneRecord(scene_id=f"s{number}", time="2021-06-01T10:00:00Z", failure=failure, mask=mask)


def test_reads_are_summed_up_over_groups() -> None:
    one, other = Reads(), Reads()
    one.add([scene(1), scene(2, mask="")])
    other.add([scene(2), scene(3, "it ends early")])
    one.include(other)
    assert one.masks == {"s1": "SCL", "s2": "SCL", "s3": "SCL"}
    assert (one.count, one.failed) == (4, 1)
    assert one.failures == [{"scene": "s3", "time": "2021-06-01T10:00:00Z", "reason": "it ends early"}]
    assert Reads(**json.loads(json.dumps(one.to_json()))) == one
    assert [(r.scene_id, r.mask) for r in one.as_records()] == [("s1", "SCL"), ("s2", "SCL"), ("s3", "SCL")]


def test_of_many_failures_the_first_are_listed_and_all_are_counted() -> None:
    reads = Reads()
    for _ in range(3):
        reads.add(scene(n, "gone") for n in range(60))
    assert (reads.failed, len(reads.failures)) == (180, MOST_FAILURES)


def test_the_document_has_the_facts_and_the_checksums_of_the_files(tmp_path: Path) -> None:
    reads = Reads()
    reads.add([scene(2), scene(1, "gone")])
    origin = Origin(
        params={"products": ["crop"]},
        models=[{"product": "crop", "name": "m"}],
        archive="a",
        attribution="CC0",
        is_simulated=True,
        period="2021-01-01/2021-12-31",
        reads=reads,
        preparation={"cloud_mask": "SCL"},
        input=("line",),
    )
    (tmp_path / "fields.csv").write_text("a,b\n")
    write_origin(origin, [tmp_path / "fields.csv"], tmp_path / "p.json", job="j")
    found = json.loads((tmp_path / "p.json").read_text())
    assert (found["job"], found["archive"], found["simulated"], found["input"]) == ("j", "a", True, ["line"])
    assert found["scenes"] == {"count": 2, "sha256": hashlib.sha256(b"s1\ns2").hexdigest(), "ids": ["s1", "s2"]}
    assert (found["reads"], found["failed_reads"]) == (2, 1)
    assert found["files"] == {"fields.csv": {"size": 4, "sha256": hashlib.sha256(b"a,b\n").hexdigest()}}
