"""Scopes, and the paths that need them."""

import pytest

from core.errors import InvalidOption
from service.access.caller import Scope, is_public, needed_scope, read_scopes, route_path, shared_job


def test_scopes_are_read_by_their_names() -> None:
    assert read_scopes(["read", " order"]) == {Scope.READ, Scope.ORDER}
    for wrong in (["write"], [], [""], ["READ"]):
        with pytest.raises(InvalidOption, match="read, order, admin"):
            read_scopes(wrong)


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/readyz", "/page/main.js", "/page/leaflet/leaflet.js", "/openeo/", "/.well-known/openeo"]
)
def test_the_page_and_probes_need_no_key(path: str) -> None:
    assert is_public(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//",
        "/jobs",
        "/page",
        "/pages/x",
        "/healthz/",
        "/HEALTHZ",
        "/openapi.json",
        "/x/page/main.js",
        "/\n",
        "/openeo/jobs",
        "/openeo/processes/x",
    ],
)
def test_all_else_does(path: str) -> None:
    assert not is_public(path)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/jobs", "read"),
        ("HEAD", "/files/a/b.tif", "read"),
        ("POST", "/stac/search", "read"),
        ("POST", "/processes/crop/estimate", "read"),
        ("POST", "/jobs/a/statistics", "read"),
        ("POST", "/jobs/a/retry", "order"),
        ("POST", "/processes/crop/execution", "order"),
        ("DELETE", "/jobs/a", "order"),
        ("PATCH", "/anything", "order"),
        ("DELETE", "/stac/search/x", "order"),
        ("GET", "/metrics", "admin"),
    ],
)
def test_what_changes_something_needs_another_scope_than_what_looks(method: str, path: str, expected: str) -> None:
    assert needed_scope(method, path) == expected


def test_the_path_of_a_proxy_is_cut_as_routes_cut_it() -> None:
    assert route_path({"path": "/eo/jobs", "root_path": "/eo"}) == "/jobs"
    assert route_path({"path": "/eox/jobs", "root_path": "/eo"}) == "/eox/jobs"
    assert route_path({"path": "/jobs"}) == "/jobs"


def test_share_links_open_files_and_pictures_alone() -> None:
    assert shared_job("GET", "/files/a/crop.tif") == "a"
    assert shared_job("HEAD", "/jobs/a/preview.png") == "a"
    assert shared_job("GET", "/jobs/a/tiles/class/1/2/3.png") == "a"
    for method, path in [("DELETE", "/jobs/a"), ("GET", "/jobs/a"), ("GET", "/jobs/a/results"), ("GET", "/jobs")]:
        assert shared_job(method, path) == ""
    assert shared_job("POST", "/files/a/crop.tif") == ""
