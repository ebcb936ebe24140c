"""Refusals of openEO: problem details with the members `code` and `message` besides, which its clients read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from core.errors import JobDismissed, JobNotReady, LandcastError, UnknownArchive, UnknownJob
from service.errors import problem, status_of, validation_sentence
from service.hidden_paths import hidden_paths

CODES: dict[type[LandcastError], str] = {
    UnknownJob: "JobNotFound",
    JobNotReady: "JobNotFinished",
    JobDismissed: "JobNotFound",
    UnknownArchive: "CollectionNotFound",
}
"""Codes that openEO names; of all other errors, the name of the class. Refusals of no route: codes.py."""
MAX_MESSAGE = 600
"""Characters."""


class Flaw(Exception):
    """Something of a request that this service does not support, or that is wrong; `str()` is one sentence."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def code_of(error: LandcastError) -> str:
    """Return the code of an error."""
    return next((CODES[c] for c in type(error).__mro__ if c in CODES), type(error).__name__)


class OpenEoRoute(APIRoute):
    """A route whose refusals clients of openEO understand."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which answers refusals itself."""
        handler = super().get_route_handler()

        async def refusing(request: Request) -> Response:
            try:
                return await handler(request)
            except Flaw as flaw:
                return _answer(flaw.status, "Not supported", flaw.code, str(flaw))
            except RequestValidationError as error:
                return _answer(400, "Invalid request", "RequestInvalid", validation_sentence(error.errors()))
            except LandcastError as error:
                status = status_of(type(error))
                if status >= 500:
                    raise
                text = hidden_paths(str(error), request.app.state.settings)
                return _answer(status, error.title, code_of(error), text)

        return refusing


def _answer(status: int, title: str, code: str, sentence: str) -> Response:
    return problem(status, title, sentence, further={"code": code, "message": sentence[:MAX_MESSAGE]})
