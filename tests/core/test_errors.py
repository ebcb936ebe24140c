import inspect

import pytest

from core import errors
from core.errors import ArchiveError, InternalError, LandcastError, RequestError

EXAMPLES: dict[str, LandcastError] = {
    type(e).__name__: e
    for e in (
        errors.InvalidRegion("it is empty"),
        errors.InvalidPeriod("2022-02-30", "day is out of range for month"),
        errors.InvalidOption("step", "0d", "a positive number of days"),
        errors.InvalidCube("a.nc", "it is text"),
        errors.DoubtfulNumbers("a.nc", "its darkest clear pixels reflect 0.11; give --offset -1000"),
        errors.MissingBand("a.nc", ["B04", "B08"], ["B02"]),
        errors.InvalidTable("a.csv", "it has no column time"),
        errors.InvalidArchive("folder", "no raster has a date in its name"),
        errors.DoubtfulInput("a.nc", ["No cloud mask was found: every observation is taken as clear."]),
        errors.RegionOutsideArchive("sample", (11.0, 48.0, 11.1, 48.1)),
        errors.NewerLedger("0009", "0002"),
        errors.NoClearObservation("the region", "2022-05-01/2022-05-31"),
        errors.UnknownProduct("soup", ["canopy", "crop"]),
        errors.UnknownModel("x"),
        errors.UnknownArchive("x"),
        errors.UnknownJob("x"),
        errors.UnknownResult("x"),
        errors.UnknownKey("alice"),
        errors.UnknownStandingOrder("standing-0123456789ab"),
        errors.OverQuota("2 jobs wait or run, and it may have 2", "Wait until one has ended.", retry_after_s=30),
        errors.ArchiveUnavailable("earth-search", "it does not answer"),
        errors.ArchivesDisagree("a", "b", "B04 differs by 0.1"),
        errors.MissingCredentials("cdse", ["LANDCAST_SENTINELHUB_CLIENT_ID", "LANDCAST_SENTINELHUB_CLIENT_SECRET"]),
        errors.OverBudget("cdse", 1200, 1000, "processing units", "LANDCAST_SENTINELHUB_BUDGET"),
        errors.UntrustedAddress("a", "https://example.org", ["example.com"]),
        errors.JobNotReady("7", "running"),
        errors.JobDismissed("7"),
        errors.JobWithoutMap("7"),
        errors.ReadFailed("S2A_1", "truncated"),
        errors.InvalidCheckpoint("a.safetensors", "sha256 differs"),
        errors.DamagedTile("tile.tif", "its checksum does not fit"),
        errors.WorkerUnavailable("Redis does not answer"),
        errors.StoreUnavailable("access was denied"),
        errors.JobFailed("7", "the archive failed."),
    )
}


def raised() -> list[type[LandcastError]]:
    """Classes that are raised, not only the branches they hang on."""
    every = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, LandcastError)]
    return [
        c
        for c in every
        if c.__name__ not in ("LandcastError", "RequestError", "Unknown", "ArchiveError", "InternalError")
    ]


@pytest.mark.parametrize("kind", raised(), ids=lambda k: k.__name__)
def test_an_error_is_a_clear_sentence_on_one_line(kind: type[LandcastError]) -> None:
    text = str(EXAMPLES[kind.__name__])
    assert "\n" not in text
    assert text.endswith(".")
    assert text[0].isupper() or text[0] == "'"
    assert len(text) < 250


@pytest.mark.parametrize("kind", raised(), ids=lambda k: k.__name__)
def test_an_error_stands_on_one_branch_has_a_title_and_is_drawn_in_the_tree(kind: type[LandcastError]) -> None:
    assert sum(issubclass(kind, branch) for branch in (RequestError, ArchiveError, InternalError)) == 1
    assert kind.title not in (LandcastError.title, RequestError.title, ArchiveError.title, InternalError.title)
    assert kind.__name__ in (errors.__doc__ or "")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    assert str(EXAMPLES["UnknownProduct"]) == "There is no product 'soup'. Known: canopy, crop."


def test_a_missing_band_is_named_with_the_bands_that_are_present() -> None:
    assert "needs B04 and B08, and 'a.nc' has only B02" in str(EXAMPLES["MissingBand"])
    assert "'a.nc' has no band." in str(errors.MissingBand("a.nc", ["B04"], []))
