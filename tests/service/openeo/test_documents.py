"""What openEO says of the service."""

from fastapi.routing import APIRoute

from products.catalogue import PRODUCTS
from service.openeo.documents import ENDPOINTS, capabilities, processes
from service.openeo.jobs import router as jobs
from service.openeo.routes import router


def test_the_endpoints_are_those_that_there_are() -> None:
    served = {
        (route.path.removeprefix("/openeo").replace("openeo_id", "job_id"), method)
        for route in [*router.routes, *jobs.routes]
        if isinstance(route, APIRoute) and "well-known" not in route.path
        for method in route.methods
    }
    assert served == {(path, method) for path, methods in ENDPOINTS.items() for method in methods}
    assert capabilities("https://x")["endpoints"][0] == {"path": "/", "methods": ["GET"]}


def test_there_is_a_process_for_each_product_with_its_options() -> None:
    found = {p["id"]: [x["name"] for x in p["parameters"]] for p in processes()}
    assert list(found)[1:-1] == [f"landcast_{name.replace('-', '_')}" for name in PRODUCTS]
    assert {"data", "model", "date", "change"} <= set(found["landcast_canopy"])
    assert "period" not in found["landcast_canopy"]
