"""How sure maps are, against shares counted by hand."""

from pathlib import Path

import numpy as np
import rasterio

from outputs.cog import RasterFile, open_cog
from outputs.map_report.sureness import sureness
from outputs.reports.numbers import percent
from outputs.write_raster import pick_layers
from tests.outputs.map_report.maps import finished


def read(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return bands by name, and where the first one is seen."""
    with rasterio.open(path) as raster:
        pixels = raster.read().astype(float) * np.array(raster.scales)[:, None, None]
        names, seen = raster.descriptions, raster.read_masks(1) > 0
    return dict(zip(names, pixels, strict=True)), seen


def test_a_class_map_counts_the_probability_of_what_is_mapped(tmp_path: Path) -> None:
    path = finished(tmp_path, "canopy")
    bands, seen = read(path)
    own = np.choose(bands["class"].astype(int) % 3, [bands["p_none"], bands["p_conifer"], bands["p_broadleaf"]])[seen]
    first = sureness(open_cog(path))[0]
    assert first.heading == "Probability of the mapped class"
    assert first.rows[0] == ("90 % or more", percent((own >= 90).mean(), decimals=0))
    assert first.rows[-1] == ("below 50 %", percent((own < 50).mean(), decimals=0))


def test_a_class_without_a_layer_has_what_the_others_leave(tmp_path: Path) -> None:
    path = finished(tmp_path, "crop")
    bands, seen = read(path)
    own = np.where(bands["class"] == 1, bands["p_crop"], 100 - bands["p_crop"])[seen]
    raster = pick_layers(open_cog(path), ["class", "p_crop", "clear_count"])
    assert isinstance(raster, RasterFile)
    assert sureness(raster)[0].rows[0][1] == percent((own >= 90).mean(), decimals=0)


def test_a_change_counts_its_significance(tmp_path: Path) -> None:
    path = finished(tmp_path, "canopy", change="2021-10-31/2022-10-31")
    bands, seen = read(path)
    first = sureness(open_cog(path))[0]
    assert "likeliest change" in first.heading
    assert first.rows[0][1] == percent((bands["significance"][seen] >= 90).mean(), decimals=0)


def test_a_forecast_counts_the_width_of_its_last_intervals(tmp_path: Path) -> None:
    path = finished(tmp_path, "ndvi-forecast", horizon="20d", step="10d", issue_date="2022-09-15")
    bands, seen = read(path)
    last = max(name[5:15] for name in bands if name.startswith("ndvi_"))
    width = (bands[f"ndvi_{last}_q95"] - bands[f"ndvi_{last}_q05"])[seen]
    first, counts = sureness(open_cog(path))
    assert first.heading == f"90 % interval of NDVI on {last}"
    assert first.rows[1] == ("0.2 to 0.4", percent(((width >= 0.2) & (width < 0.4)).mean(), decimals=0))
    assert counts.heading == "Clear observations of a pixel"


def test_filled_gaps_and_anomalies_count_the_age_of_the_observation(tmp_path: Path) -> None:
    for product, options in (("ndvi-gap-fill", {"since": "2022-05-01", "until": "2022-06-01"}), ("ndvi-anomaly", {})):
        found = sureness(open_cog(finished(tmp_path, product, **options)))
        assert any("clear observation" in part.heading and "Days" in part.heading for part in found)


def test_a_map_of_which_nothing_was_seen_has_dashes(tmp_path: Path) -> None:
    found = sureness(open_cog(finished(tmp_path, "canopy", is_unseen=True)))
    assert {share for part in found for _, share in part.rows} == {"–"}
