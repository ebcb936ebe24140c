from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from core.settings import Settings
from service.links import JSON, base_url, file_url, link


def request(settings: Settings, **scope: Any) -> Request:
    app = FastAPI()
    app.state.settings = settings
    given = {"type": "http", "scheme": "http", "path": "/jobs", "query_string": b"", "headers": [(b"host", b"eo:8000")]}
    return Request({**given, "app": app, **scope})


def test_the_base_is_that_of_the_request() -> None:
    assert base_url(request(Settings())) == "http://eo:8000"


def test_the_root_path_of_a_proxy_belongs_to_the_base() -> None:
    assert base_url(request(Settings(), root_path="/landcast", path="/landcast/jobs")) == "http://eo:8000/landcast"


def test_the_public_url_takes_precedence_and_loses_its_slash() -> None:
    settings = Settings(public_url="https://eo.example.org/landcast/")
    assert base_url(request(settings, root_path="/other")) == "https://eo.example.org/landcast"


def test_a_link_has_only_the_members_it_was_given() -> None:
    assert link("http://eo/jobs", "self").model_dump(exclude_none=True) == {
        "href": "http://eo/jobs",
        "rel": "self",
        "type": JSON,
    }
    posted = link("http://eo/search", "next", method="POST", body={"token": "t"}, merge=True)
    assert (posted.method, posted.body, posted.merge) == ("POST", {"token": "t"}, True)


def test_a_file_lies_below_its_job() -> None:
    assert file_url("http://eo", "a1", "crop.tif") == "http://eo/files/a1/crop.tif"
