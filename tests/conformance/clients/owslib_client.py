"""OWSLib: OGC API - Processes and - Features, and WMTS."""

import io
import time
import warnings

import numpy as np
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes
from owslib.wmts import WebMapTileService
from PIL import Image

from tests.conformance.clients.rasters import bands
from tests.conformance.clients.report import Different, Report, Service, expect, needed_input, run

WAIT_S = 300.0


def examine(service: Service, report: Report) -> None:
    """Order, look up, and draw."""
    processes, features = Processes(service.url), Features(f"{service.url}/stac")
    crop = service.result("crop")
    report.check("Processes: description of the API", lambda: expect(processes.api()["openapi"][:3], "3.0"))
    report.check("Processes: conformance", lambda: expect(bool(processes.conformance()["conformsTo"]), True))
    report.check("Processes: list and description", lambda: described(processes))
    report.check("Processes: order, and the job's address", lambda: order(processes, service))
    report.check("Features: description of the API", lambda: expect(features.api()["openapi"][:3], "3.0"))
    report.check("Features: collections", lambda: expect(crop.product in features.feature_collections(), True))
    report.check("Features: items and item", lambda: items(features, service))
    for name in ("canopy", "change", "forecast"):
        report.check(f"WMTS: tile of {name}", lambda name=name: tile(service, name))


def described(processes: Processes) -> None:
    """Check that each process in the list has a description."""
    for one in processes.processes():
        needed = needed_input(one["id"])
        expect(processes.process(one["id"])["inputs"][needed]["minOccurs"], 1, f"minOccurs of {needed}")


def order(processes: Processes, service: Service) -> None:
    """Order a map and wait for it."""
    job = processes.execute("crop", {"region": service.region}, outputs={"geotiff": {}}, async_=True)
    expect(processes.response_headers["Location"], f"{service.url}/jobs/{job['jobID']}", "Location")
    end = time.monotonic() + WAIT_S
    follow = Processes(service.url)
    while (status := follow._request(path=f"jobs/{job['jobID']}"))["status"] in ("accepted", "running"):
        if time.monotonic() > end:
            raise Different(f"the job is still {status['status']}")
        time.sleep(0.3)
    expect(list(follow._request(path=f"jobs/{job['jobID']}/results")), ["geotiff"], "results")


def items(features: Features, service: Service) -> None:
    """Check that a box and a time find an item, and that it is found by its id."""
    crop = service.result("crop")
    page = features.collection_items(
        crop.product, bbox=[10.0, 50.0, 11.0, 51.0], datetime_="2016-01-01T00:00:00Z/..", limit=1000
    )
    expect(crop.id in [f["id"] for f in page["features"]], True, "the item is found")
    expect(features.collection_item(crop.product, crop.id)["id"], crop.id, "the item")


def tile(service: Service, name: str) -> None:
    """Draw the middle of the first layer at the deepest zoom, and compare its share of nothing with the file's."""
    result = service.result(name)
    found = WebMapTileService(f"{service.url}/jobs/{result.id}/wmts")
    wanted = list(bands(result.tif))
    expect(list(found.contents), wanted, "layers")
    expect(found.provider.name, "landcast", "the provider")
    layer = found.contents[wanted[0]]
    west, south, east, north = layer.boundingBoxWGS84
    matrix = list(found.tilematrixsets["WebMercatorQuad"].tilematrix)[-1]
    column, row = place((west + east) / 2, (south + north) / 2, int(matrix))
    picture = found.gettile(
        layer=wanted[0], tilematrixset="WebMercatorQuad", tilematrix=matrix, row=row, column=column, format="image/png"
    )
    alpha = np.asarray(Image.open(io.BytesIO(picture.read())).convert("RGBA"))[..., 3]
    expect(bool(alpha.any()), True, "something is drawn")


def place(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile in which a place lies (web Mercator)."""
    across = (lon + 180) / 360
    down = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    return int(across * 2**zoom), int(down * 2**zoom)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("OWSLib", examine)
