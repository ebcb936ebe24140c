"""Values over the EDR interface: of the newest result that fits, with where they come from, or the reason why not."""

import csv
import io
from itertools import pairwise
from typing import Any

import httpx
import pytest
from covjson_pydantic.coverage import Coverage, CoverageCollection
from pyproj import Transformer

from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front

INSIDE = "POINT(10.3440 48.0239)"
AREA = "POLYGON((10.343 48.0236,10.3436 48.0236,10.3436 48.0241,10.343 48.0241,10.343 48.0236))"
COVERAGE = "application/prs.coverage+json"


def get(client: httpx.Client, path: str, **parameters: str) -> httpx.Response:
    return client.get(f"/edr/collections/{path}", params={k.replace("_", "-"): v for k, v in parameters.items()})


def read(answer: httpx.Response) -> dict[str, Any]:
    """Return CoverageJSON, having checked it against the standard as another project has written it down."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == COVERAGE
    found: dict[str, Any] = answer.json()
    model = CoverageCollection if found["type"] == "CoverageCollection" else Coverage
    model.model_validate_json(answer.text)
    return found


def values(coverage: dict[str, Any]) -> dict[str, list[float | None]]:
    return {name: found["values"] for name, found in coverage["ranges"].items()}


def lines(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def reason(answer: httpx.Response) -> str:
    """Return why there are no values."""
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    return answer.headers["x-no-data"]


def test_a_position_of_a_map_is_what_the_point_of_its_job_is(client: httpx.Client) -> None:
    found = read(get(client, "canopy/position", coords=INSIDE))
    point = client.get("/jobs/canopy1/point", params={"lon": 10.3440, "lat": 48.0239}).json()
    assert values(found) == {v["name"]: [v["value"]] for v in point["values"]}
    axes = found["domain"]["axes"]
    assert (axes["x"]["values"], axes["y"]["values"]) == ([point["lon"]], [point["lat"]])
    assert axes["t"]["values"] == ["2021-12-31T00:00:00Z"]
    coding = found["parameters"]["class"]["categoryEncoding"]
    labels = {c["id"]: c["label"]["en"] for c in found["parameters"]["class"]["observedProperty"]["categories"]}
    assert {labels[c]: code for c, code in coding.items()}["Conifer"] == values(found)["class"][0] == 1


def test_an_answer_says_which_job_and_what_it_rests_on(client: httpx.Client) -> None:
    answer = get(client, "canopy/position", coords=INSIDE)
    found = read(answer)
    assert found["landcast:job"] == "canopy1"
    assert (found["landcast:complete"], found["landcast:completeness"], found["landcast:simulated"]) == (
        True,
        1.0,
        True,
    )
    assert "14 of 36 months" in found["landcast:evidence"]
    assert found["landcast:attribution"] == "Simulated test fields, CC0."
    assert found["landcast:notes"] == [scene.NOTE]
    item = answer.links["describedby"]["url"]
    assert client.get(item).json()["id"] == "canopy1"


def test_a_forecast_is_a_series_of_quantiles_with_its_issue_date(client: httpx.Client) -> None:
    found = read(get(client, "ndvi-forecast/position", coords=INSIDE, parameter_name="ndvi_q05,ndvi_q95"))
    assert found["domain"]["domainType"] == "PointSeries"
    assert found["domain"]["axes"]["t"]["values"] == ["2022-11-01T00:00:00Z", "2022-11-11T00:00:00Z"]
    assert {k: len(v) for k, v in values(found).items()} == {"ndvi_q05": 2, "ndvi_q95": 2}
    assert found["landcast:issue_date"] == "2022-10-23"


def test_what_has_other_times_is_a_coverage_of_its_own(client: httpx.Client) -> None:
    found = read(get(client, "ndvi-forecast/position", coords=INSIDE))
    dated, whole = found["coverages"]
    assert set(whole["ranges"]) == {"clear_count"}
    assert whole["domain"]["axes"]["t"]["bounds"] == ["2021-03-01T00:00:00Z", "2022-10-22T00:00:00Z"]
    assert "clear_count" not in dated["ranges"]


def test_only_the_times_asked_for_are_answered(client: httpx.Client) -> None:
    found = read(get(client, "ndvi-forecast/position", coords=INSIDE, datetime="2022-11-05/.."))
    assert found["domain"]["axes"]["t"]["values"] == ["2022-11-11T00:00:00Z"]
    assert "covers the place" in reason(get(client, "ndvi-forecast/position", coords=INSIDE, datetime="2023-01-01"))
    assert "covers the place" in reason(get(client, "canopy/position", coords=INSIDE, datetime="2021-06-01"))


def test_csv_has_a_line_for_each_time(client: httpx.Client) -> None:
    first, second, whole = lines(get(client, "ndvi-forecast/position", coords=INSIDE, f="CSV"))
    assert (first["time"], second["time"]) == ("2022-11-01", "2022-11-11")
    assert float(first["ndvi_q50"]) == pytest.approx(0.5, abs=0.05)
    assert (first["job"], first["issue_date"], first["complete"]) == ("forecast1", "2022-10-23", "true")
    assert (whole["time"], whole["ndvi_q50"]) == ("2021-03-01/2022-10-22", "")
    (line,) = lines(get(client, "canopy/position", coords=INSIDE, f="CSV"))
    assert (line["class"], line["class_label"]) == ("1", "Conifer")


def unseen(client: httpx.Client, job_id: str) -> str:
    """Return a place in the northernmost row of a map, which is nodata, and in its region."""
    tip = 10.34518
    _, _, _, north = client.get(f"/jobs/{job_id}/layers").json()["bounds"]
    return f"POINT({tip} {min(north - 0.00004, 48.02509)})"


@pytest.mark.parametrize("collection", ["crop", "ndvi-forecast"])
def test_an_unseen_pixel_is_null_and_in_csv_empty(client: httpx.Client, collection: str) -> None:
    place = unseen(client, "crop1")
    found = read(get(client, f"{collection}/position", coords=place))
    for coverage in found.get("coverages", [found]):
        assert {v for many in values(coverage).values() for v in many} == {None}
    for line in lines(get(client, f"{collection}/position", coords=place, f="CSV")):
        of_result = {"time", "lon", "lat", "job", "issue_date", "complete", "simulated"}
        assert {v for k, v in line.items() if k not in of_result} == {""}


@pytest.mark.parametrize("collection", ["canopy", "ndvi-forecast", "crop"])
def test_an_area_in_metres_has_the_pixels_that_positions_have(client: httpx.Client, collection: str) -> None:
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:32632", always_xy=True).transform
    west, south = to_metres(10.3430, 48.0236)
    box = [(west, south), (west + 45, south), (west + 45, south + 34), (west, south + 34), (west, south)]
    polygon = f"POLYGON(({','.join(f'{x} {y}' for x, y in box)}))"
    found = read(get(client, f"{collection}/area", coords=polygon, crs="EPSG:32632"))
    for coverage in found.get("coverages", [found]):
        assert coverage["domain"]["domainType"] == "Grid"
        assert coverage["domain"]["referencing"][0]["system"]["id"].endswith("/EPSG/0/32632")
        axes = coverage["domain"]["axes"]
        x, y = axes["x"]["values"], axes["y"]["values"]
        assert {round(b - a, 6) for a, b in pairwise(x)} == {10.0}
        middle = (len(y) // 2) * len(x) + len(x) // 2
        place = f"POINT({x[len(x) // 2]} {y[len(y) // 2]})"
        alone = read(get(client, f"{collection}/position", coords=place, crs="EPSG:32632"))
        one = next(c for c in alone.get("coverages", [alone]) if set(c["ranges"]) == set(coverage["ranges"]))
        size = len(x) * len(y)
        assert values(one) == {k: v[middle::size] for k, v in values(coverage).items()}
        assert one["domain"]["axes"]["x"]["values"] == pytest.approx([x[len(x) // 2]], abs=0.02)


def test_an_area_in_degrees_has_in_each_cell_what_its_middle_has(client: httpx.Client) -> None:
    found = read(get(client, "canopy/area", coords=AREA))
    axes = found["domain"]["axes"]
    x, y = axes["x"]["values"], axes["y"]["values"]
    assert found["ranges"]["class"]["shape"] == [1, len(y), len(x)]
    cells = iter(zip(values(found)["p_conifer"], values(found)["class"], strict=True))
    seen = 0
    for latitude in y:
        for longitude in x:
            probability, code = next(cells)
            if probability is None:
                continue
            seen += 1
            alone = values(read(get(client, "canopy/position", coords=f"POINT({longitude} {latitude})")))
            assert (alone["p_conifer"], alone["class"]) == ([probability], [code])
    assert seen == 25
    assert len(lines(get(client, "canopy/area", coords=AREA, f="CSV"))) == seen


def test_an_area_smaller_than_a_pixel_has_one(client: httpx.Client) -> None:
    tiny = "POLYGON((10.34400 48.02390,10.34401 48.02390,10.34401 48.02391,10.34400 48.02390))"
    assert len(lines(get(client, "canopy/area", coords=tiny, f="CSV"))) == 1


def test_an_area_with_too_many_values_is_refused_with_what_helps(client: httpx.Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("service.point.area.MOST_VALUES", 40)
    found = scene.problem_of(get(client, "canopy/area", coords=AREA), 400)
    assert "40 values at most" in found["detail"]
    assert "GeoTIFF" in found["detail"]


def test_an_area_in_another_zone_than_the_map_is_refused(client: httpx.Client) -> None:
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform
    west, south = to_metres(10.3430, 48.0236)
    polygon = f"POLYGON(({west} {south},{west + 45} {south},{west + 45} {south + 34},{west} {south}))"
    found = scene.problem_of(get(client, "canopy/area", coords=polygon, crs="EPSG:32633"), 400)
    assert "is in EPSG:32632" in found["detail"]


def test_observations_are_those_that_the_history_of_the_job_has(client: httpx.Client) -> None:
    place = {"lon": 10.3440, "lat": 48.0239}
    history = client.get("/jobs/canopy1/point/history", params=place).json()["observations"]
    found = read(get(client, "ndvi-observed/position", coords=INSIDE, parameter_name="ndvi"))
    assert (found["landcast:job"], found["landcast:archive"]) == ("canopy1", "fields")
    assert "landcast:model" not in found
    assert values(found)["ndvi"] == [o["ndvi"] for o in history]
    assert found["domain"]["axes"]["t"]["values"] == [f"{o['date']}T00:00:00Z" for o in history]


def test_observations_of_other_years_come_from_a_job_of_that_period(client: httpx.Client) -> None:
    found = read(get(client, "ndvi-observed/position", coords=INSIDE, datetime="2022-06-01/2022-06-30"))
    assert found["landcast:job"] == "forecast1"
    assert found["domain"]["axes"]["t"]["values"] == ["2022-06-09T00:00:00Z", "2022-06-24T00:00:00Z"]
    nothing = get(client, "ndvi-observed/position", coords=INSIDE, datetime="2022-06-10/2022-06-11")
    assert "no clear observation" in reason(nothing)


def test_one_job_answers_by_its_instance(client: httpx.Client) -> None:
    answer = get(client, "canopy/instances/canopy1/position", coords=INSIDE)
    assert values(read(answer)) == values(read(get(client, "canopy/position", coords=INSIDE)))
    assert "immutable" in answer.headers["cache-control"]
    assert get(client, "canopy/position", coords=INSIDE).headers["cache-control"] == "no-cache"
    assert read(get(client, "canopy/instances/canopy1/area", coords=AREA))["landcast:job"] == "canopy1"
    assert read(get(client, "ndvi-observed/instances/crop1/position", coords=INSIDE))["landcast:job"] == "crop1"
    assert reason(get(client, "canopy/instances/canopy1/position", coords="POINT(11 48)"))
    scene.problem_of(get(client, "crop/instances/canopy1/position", coords=INSIDE), 404)
    scene.problem_of(get(client, "crop/instances/running1/position", coords=INSIDE), 404)


def test_a_place_that_no_result_covers_has_no_values(client: httpx.Client) -> None:
    assert "'canopy'" in reason(get(client, "canopy/position", coords="POINT(11 48)"))
    assert "'canopy'" in reason(get(client, "canopy/area", coords="POLYGON((11 48,11.1 48,11.1 48.1,11 48))"))
    assert reason(get(client, "ndvi-anomaly/position", coords=INSIDE))


SWAPPED_AREA = "POLYGON((48.0236 10.343,48.0236 10.3436,48.0241 10.3436,48.0241 10.343,48.0236 10.343))"


@pytest.mark.parametrize("one", ["canopy", "canopy/instances/canopy1", "ndvi-observed"])
@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"coords": "POINT(48.0239 10.3440)"}, "longitude and latitude seem to be swapped"),
        ({"coords": INSIDE, "crs": "EPSG:32632"}, "look like degrees, and EPSG:32632 has metres: leave out crs"),
        ({"coords": "POINT(48.0239 10.3440)", "crs": "EPSG:3857"}, "look like degrees"),
        ({"coords": "POINT(100.25 13)", "crs": "EPSG:32632"}, "look like degrees"),
        ({"coords": "POINT(10.3440 148.0)"}, "longitude (-180 to 180) before latitude"),
        ({"coords": "POINT(5319830 600209)", "crs": "EPSG:32632"}, "eastings and northings seem to be swapped"),
    ],
)
def test_coordinates_of_another_order_or_unit_are_noticed(
    client: httpx.Client, one: str, parameters: dict[str, str], word: str
) -> None:
    found = scene.problem_of(get(client, f"{one}/position", **parameters), 400)
    assert word in found["detail"]


def test_northings_before_eastings_are_noticed_where_the_other_way_round_fits(client: httpx.Client) -> None:
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)
    x, y = to_metres.transform(10.3440, 48.0239)
    assert read(get(client, "canopy/position", coords=f"POINT({x} {y})", crs="EPSG:3035"))
    found = scene.problem_of(get(client, "canopy/position", coords=f"POINT({y} {x})", crs="EPSG:3035"), 400)
    assert "eastings and northings seem to be swapped" in found["detail"]


@pytest.mark.parametrize("one", ["canopy", "canopy/instances/canopy1"])
@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"coords": SWAPPED_AREA}, "longitude and latitude seem to be swapped"),
        ({"coords": AREA, "crs": "EPSG:32632"}, "look like degrees, and EPSG:32632 has metres"),
        ({"coords": "POLYGON((48 120,48.1 120,48.1 120.1,48 120))"}, "latitude"),
    ],
)
def test_an_area_of_another_order_or_unit_is_noticed(
    client: httpx.Client, one: str, parameters: dict[str, str], word: str
) -> None:
    found = scene.problem_of(get(client, f"{one}/area", **parameters), 400)
    assert word in found["detail"]
    assert len(found["detail"]) < 300


def test_a_place_without_results_either_way_round_is_simply_empty(client: httpx.Client) -> None:
    assert reason(get(client, "canopy/position", coords="POINT(11 49)"))
    assert reason(get(client, "canopy/position", coords="POINT(700000 5400000)", crs="EPSG:32632"))
    assert reason(get(client, "canopy/area", coords="POLYGON((150 20,150.1 20,150.1 20.1,150 20))"))


@pytest.mark.parametrize(
    ("path", "parameters", "word"),
    [
        ("canopy/position", {}, "coords"),
        ("canopy/position", {"coords": "POINT(1e400 48)"}, "finite"),
        ("canopy/position", {"coords": "MULTIPOINT((10 48))"}, "MULTIPOINT"),
        ("canopy/position", {"coords": INSIDE, "parameter_name": "class,height"}, "'height'"),
        ("canopy/instances/canopy1/position", {"coords": INSIDE, "parameter_name": "height"}, "'height'"),
        ("ndvi-observed/position", {"coords": INSIDE, "parameter_name": "evi"}, "'evi'"),
        ("canopy/position", {"coords": INSIDE, "datetime": "soon"}, "datetime"),
        ("canopy/position", {"coords": INSIDE, "crs": "EPSG:4326"}, "CRS84"),
        ("canopy/position", {"coords": INSIDE, "f": "GRIB"}, "CoverageJSON"),
        ("canopy/position", {"coords": INSIDE, "resolution": "5"}, "resolution"),
        ("canopy/area", {"coords": INSIDE}, "POINT"),
        ("ndvi-observed/area", {"coords": AREA}, "position"),
    ],
)
def test_a_wrong_query_is_refused_in_one_sentence(
    client: httpx.Client, path: str, parameters: dict[str, str], word: str
) -> None:
    found = scene.problem_of(get(client, path, **parameters), 400)
    assert word in found["detail"]
    assert found["detail"].endswith(".")


def test_an_unknown_collection_is_not_found(client: httpx.Client) -> None:
    found = scene.problem_of(get(client, "rain/position", coords=INSIDE), 404)
    assert "canopy" in found["detail"]


def test_head_and_etags_work_as_elsewhere(client: httpx.Client) -> None:
    address = "/edr/collections/canopy/position"
    first = client.get(address, params={"coords": INSIDE})
    head = client.head(address, params={"coords": INSIDE})
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
    again = client.get(address, params={"coords": INSIDE}, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_party_gets_nothing_of_another_ones_results(front: Front) -> None:
    settings = front.settings.but(keys="required")
    stranger = {"Authorization": f"Bearer {make_key(settings, 'who has no results', party='other')}"}
    owner = {"Authorization": f"Bearer {make_key(settings, 'whose the results are', party='')}"}
    with scene.served(settings) as client:
        address = "/edr/collections/canopy/position"
        assert client.get(address, params={"coords": INSIDE}).status_code == 401
        assert client.get(address, params={"coords": INSIDE}, headers=owner).status_code == 200
        assert client.get(address, params={"coords": INSIDE}, headers=stranger).status_code == 204
        of_job = "/edr/collections/canopy/instances/canopy1/position"
        scene.problem_of(client.get(of_job, params={"coords": INSIDE}, headers=stranger), 404)
        observed = "/edr/collections/ndvi-observed/position"
        assert client.get(observed, params={"coords": INSIDE}, headers=stranger).status_code == 204
        assert client.get("/edr/collections/canopy/instances", headers=stranger).json()["instances"] == []
        extent = client.get("/edr/collections/canopy", headers=stranger).json()["extent"]
        assert "temporal" not in extent


def test_owslib_reads_values(client: httpx.Client) -> None:
    edr: Any = pytest.importorskip("owslib.ogcapi.edr")
    service = edr.EnvironmentalDataRetrieval(f"{client.base_url}/edr")
    assert set(service.data()) >= {"canopy", "crop", "ndvi-forecast", "ndvi-observed"}
    found = service.query_data("ndvi-forecast", "position", coords=INSIDE, parameter_names=["ndvi_q50"])
    assert set(found["ranges"]) == {"ndvi_q50"}
    assert service.query_data("canopy", "area", coords=AREA)["domain"]["domainType"] == "Grid"
