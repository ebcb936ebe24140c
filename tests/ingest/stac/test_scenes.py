"""Scenes described by STAC items: datatake, baseline, orbit, convention, version."""

from tests.ingest.stac.documents import HOST, copernicus, earth_search, known, optical, planetary, radar
from tests.ingest.stac.folders import asset


def test_processings_of_one_recording_have_one_datatake() -> None:
    old = known(planetary("S2A_MSIL2A_20180605T102021_R065_T32TMT_20180605T141201")).scene
    new = known(copernicus()).scene
    assert old.datatake == new.datatake == "S2A_20180605T102021_32TMT"
    assert (old.baseline, new.baseline) == ("04.00", "05.00")
    assert known(earth_search()).scene.datatake == "S2A_20220607T103031_32TMT"


def test_two_strips_that_meet_in_a_granule_are_two_recordings() -> None:
    strips = ["S2A_OPER_MSI_L2A_DS_VGS2_20220607T164601_S20220607T103432_N04.00", "X_S20220607T103445_N04.00"]
    first, second = (known(earth_search(**{"s2:datastrip_id": s})).scene.datatake for s in strips)
    assert first == "S2A_20220607T103031_32TMT_20220607T103432" != second


def test_a_scene_without_granule_or_satellite_stands_alone() -> None:
    assert known(optical()).scene.datatake == ""


def test_radar_of_one_recording_has_one_datatake_orbit_and_convention() -> None:
    product = "S1A_IW_GRDH_1SDV_20220607T053412_20220607T053437_043552_05331E"
    for name in (f"{product}_rtc", f"{product}_7A3C", f"{product}_91B2_COG"):
        scene = known(radar(name, **{"sat:orbit_state": "descending"}), convention="gamma0_rtc").scene
        assert (scene.sensor, scene.datatake, scene.orbit) == ("s1", product, "descending")
        assert scene.convention == "gamma0_rtc"


def test_the_convention_is_what_the_item_states_or_empty() -> None:
    assert known(radar("one")).scene.convention == ""
    assert known({**radar("one"), "collection": "sentinel-1-rtc"}).scene.convention == "gamma0_rtc"
    assert known(radar("one", **{"landcast:convention": "beta0"}), convention="gamma0_rtc").scene.convention == "beta0"


def test_the_version_is_the_last_update_or_a_digest_of_checksums() -> None:
    assert known(earth_search()).scene.version == "2022-11-06T00:57:12.111Z"
    sums = [known(optical(assets={"red": asset(f"{HOST}/r.tif", **{"file:checksum": c})})).scene for c in "aab"]
    assert sums[0].version == sums[1].version != sums[2].version
    assert known(optical()).scene.version == ""
