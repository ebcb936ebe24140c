"""Refusals of access are problem details that say what to do."""

import json

import pytest
from starlette.responses import Response

from service.access import refusals
from service.access.caller import Scope


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (refusals.no_key(), 401, "send it in the header"),
        (refusals.wrong_key(), 401, "ask the operator"),
        (refusals.wrong_link(), 401, "ask for a new one"),
        (refusals.lacks_scope(Scope.ORDER), 403, "lacks the scope 'order'"),
        (refusals.key_in_url(), 400, "revoke this one"),
        (refusals.too_many_requests(60, 12), 429, "60 requests a minute; go on in 12 s"),
        (refusals.ledger_away(), 503, "try again later"),
        (refusals.issuer_away(), 503, "try again later"),
    ],
)
def test_a_refusal_says_what_to_do(answer: Response, status: int, words: str) -> None:
    document = json.loads(bytes(answer.body))
    assert answer.status_code == document["status"] == status
    assert words in document["detail"]
    assert answer.media_type == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (status in (401, 403))


def test_a_key_that_may_try_again_is_told_when() -> None:
    assert refusals.too_many_requests(60, 12).headers["retry-after"] == "12"
