"""Refusals that clients of openEO understand."""

from core.errors import InvalidRegion, JobNotReady, UnknownJob
from service.openeo.refusals import Flaw, code_of


def test_errors_have_codes_of_openeo_or_their_own_name() -> None:
    assert code_of(UnknownJob("a")) == "JobNotFound"
    assert code_of(JobNotReady("a", "running")) == "JobNotFinished"
    assert code_of(InvalidRegion("it is empty")) == "InvalidRegion"


def test_a_flaw_is_a_sentence_with_a_code() -> None:
    flaw = Flaw("ProcessUnsupported", "There is none.")
    assert (str(flaw), flaw.code, flaw.status) == ("There is none.", "ProcessUnsupported", 400)
