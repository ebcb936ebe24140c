"""Where a result comes from: gathered once, the same in every output."""

import json
from dataclasses import replace

import pytest

from core.checkpoint import Checkpoint
from core.cube import SceneRecord
from core.source import InputSummary
from core.version import software_version
from outputs.provenance import MAX_LINE, MAX_LINES, Provenance, provenance
from products.catalogue import find_product
from products.evidence import MapEvidence
from tests.outputs.rasters import origin

SCENES = {
    "tile-2": (
        SceneRecord(scene_id="b", time="2022-02-01", failure="it ends too early", archive="second"),
        SceneRecord(scene_id="a", time="2022-01-01", notes=("cloudy",)),
    ),
    "tile-1": (SceneRecord(scene_id="b", time="2022-02-01", failure="no answer"),),
}


def gathered(card: dict[str, object] | None = None, **options: object) -> Provenance:
    product = find_product("canopy")
    return provenance(
        product,
        product.options.read({"period": "2022-01-01/2022-12-31", **options}),
        Checkpoint(name="small", task="canopy", sha256="cd" * 32, folder="", card=card or {}),
        SCENES,
        archive="first",
        attribution="No licence needed.",
        is_simulated=False,
    )


def test_scenes_and_failures_are_sorted_and_counted() -> None:
    found = gathered()
    assert (found.scenes, found.reads) == (("a", "b"), 3)
    assert [(f.tile, f.reason) for f in found.failures] == [("tile-1", "no answer"), ("tile-2", "it ends too early")]
    assert found.completeness == pytest.approx(1 / 3)
    assert (found.archives, found.notes) == (("first", "second"), ("cloudy",))
    assert found.version == software_version()


def test_a_result_without_scenes_is_complete() -> None:
    assert replace(origin(), reads=0).completeness == 1.0


def test_the_version_of_a_model_is_stated_if_its_card_has_one() -> None:
    assert gathered({"version": "2.1"}).tags()["LANDCAST_MODEL_VERSION"] == "2.1"
    assert "LANDCAST_MODEL_VERSION" not in gathered().tags()


def test_what_ran_the_network_is_stated_where_there_is_one() -> None:
    ran = replace(gathered(), backends=("onnxruntime cpu float32", "torch cuda bfloat16"))
    assert ran.tags()["LANDCAST_BACKEND"] == "onnxruntime cpu float32, torch cuda bfloat16"
    assert "LANDCAST_BACKEND" not in gathered().tags()


def test_options_have_tags_where_they_are_given() -> None:
    tags = origin(mmu=0.5, threshold=0.25, blend_sha256="ef").tags()
    assert tags["LANDCAST_MMU"] == "0.5 ha"
    assert tags["LANDCAST_THRESHOLD"] == "0.25"
    assert tags["LANDCAST_BLEND_SHA256"] == "ef"
    assert not {"LANDCAST_MMU", "LANDCAST_THRESHOLD", "LANDCAST_BLEND_SHA256"} & gathered().tags().keys()


def test_the_options_of_an_order_are_its_inputs() -> None:
    assert dict(gathered(mmu="0.5").params) == {"period": "2022-01-01/2022-12-31", "mmu": 0.5}


def test_areas_and_applicability_are_json() -> None:
    areas = {"classes": [], "applicability": {"outside_share": 0.25, "dissimilarity_limit": 2.0}}
    found = replace(origin(), areas=areas)
    assert json.loads(found.tags()["LANDCAST_AREAS"]) == areas
    assert json.loads(found.tags()["LANDCAST_APPLICABILITY"]) == areas["applicability"]
    assert not {"LANDCAST_AREAS", "LANDCAST_APPLICABILITY"} & origin().tags().keys()


def test_what_a_map_rests_on_is_json_and_its_notes_come_before_all_others() -> None:
    rests_on = MapEvidence(months_seen=5, months_read=36, seasons_seen=(), band_groups=("NDVI",))
    found = gathered().with_input(SUMMARY).with_cautions(["It rests on NDVI alone."], rests_on)
    assert json.loads(found.tags()["LANDCAST_EVIDENCE"]) == rests_on.to_json()
    assert found.tags()["LANDCAST_NOTES"] == "It rests on NDVI alone.\nIt has no mask.\ncloudy"
    assert "LANDCAST_EVIDENCE" not in gathered().with_cautions([], None).tags()


def test_simulated_data_are_called_so() -> None:
    assert (
        origin().tags()["TIFFTAG_IMAGEDESCRIPTION"] == "NDVI forecast. Simulated data: no satellite has measured this."
    )
    assert gathered().tags()["TIFFTAG_IMAGEDESCRIPTION"] == "Tree canopy"
    assert gathered().tags()["LANDCAST_SIMULATED"] == "no"


def test_other_scenes_have_another_digest() -> None:
    assert replace(origin(), scenes=("a", "c")).scenes_sha256 != origin().scenes_sha256


SUMMARY = InputSummary(name="a.nc", layout="cube", taken=("bands: B04",), remarks=("It has no mask.",))


def test_what_the_input_was_taken_for_is_stated_and_its_remarks_are_notes() -> None:
    found = gathered().with_input(SUMMARY)
    assert found.tags()["LANDCAST_INPUT"] == "a.nc: cube\nbands: B04\nNote: It has no mask."
    assert found.tags()["LANDCAST_NOTES"] == "It has no mask.\ncloudy"
    assert gathered().with_input(None) == gathered()
    assert "LANDCAST_INPUT" not in gathered().tags()


def test_a_file_has_room_for_so_many_lines_of_so_many_characters() -> None:
    long = InputSummary(name="a", layout="b" * 5000, taken=tuple(f"fact {n}" for n in range(500)))
    lines = gathered().with_input(long).input_lines()
    assert len(lines) == MAX_LINES + 1
    assert max(map(len, lines)) <= MAX_LINE + 4
    assert lines[-1] == f"... ({501 - MAX_LINES} further lines)"


def test_the_mask_that_was_used_is_stated_not_the_one_of_the_settings() -> None:
    def stated(*masks: str) -> str:
        scenes = [SceneRecord(scene_id=str(n), time="2022-01-01", mask=m) for n, m in enumerate(masks)]
        found = provenance(
            find_product("canopy"),
            find_product("canopy").options.read({"period": "2022-01-01/2022-12-31"}),
            Checkpoint(name="small", task="canopy", sha256="cd" * 32, folder="", card={}),
            {"one": scenes, "two": scenes},
            archive="first",
            attribution="",
            is_simulated=False,
            preparation={"cloud_mask": "scene", "dilation_m": 20.0},
        )
        assert found.preparation["dilation_m"] == 20.0
        return str(found.preparation["cloud_mask"])

    assert stated("none", "") == "none"
    assert stated("SCL", "SCL", "none") == "SCL (2 scenes), none (1 scene)"
    assert stated("") == "scene"
