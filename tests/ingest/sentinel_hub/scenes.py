"""Scenes that the tests of Sentinel Hub let the stand-in show, and what they expect of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pydantic import SecretStr

from core.grid import Window
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Archive, Scene
from ingest.sentinel_hub.archive import SentinelHub, open_sentinel_hub
from tests.ingest.sentinel_hub.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    SentinelHubServer,
    ServedScene,
    settings_for,
)

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_400), shape_yx=(30, 44))
JUNE = Period(start=date(2022, 6, 1), end=date(2022, 6, 30))
NOON = datetime(2022, 6, 7, 10, 30, 31, tzinfo=UTC)
GAP_X = 600_300.0
"""East of it, scenes that are named `...GAP` have no data."""


def pixels(x: NDArray[np.float64], y: NDArray[np.float64], scene: ServedScene, band: str) -> NDArray[Any]:
    """Return numbers that depend on place, band and day alone and tell all of them apart."""
    column, row = (x - 600_000)[None] / 10, (5_600_400 - y)[:, None] / 10
    if band == "SCL":
        return np.broadcast_to(np.where(column + 2 * row > 40, 8.0, 4.0), (len(y), len(x)))
    first = 0.002 if band == "B02" else 0.01 * (1 + sum(map(ord, band)) % 11)
    shown = first + 1e-3 * column + 2e-3 * row + 1e-2 * scene.time.day
    return np.where((x > GAP_X)[None] & ("GAP" in scene.item_id), np.nan, shown)


def optical(tile: str, when: datetime = NOON, *, baseline: str = "0400", satellite: str = "A", **more: Any) -> Any:
    start = when.strftime("%Y%m%dT%H") + "3031"
    name = f"S2{satellite}_MSIL2A_{start}_N{baseline}_R108_T{tile}_{start}"
    return ServedScene(item_id=name, time=when, platform=f"sentinel-2{satellite.lower()}", **more)


def radar(number: str, when: datetime, orbit: str) -> ServedScene:
    name = f"S1A_IW_GRDH_1SDV_20220608T0530{number}_20220608T053037_043580_059567_AB{number}"
    return ServedScene(item_id=name, time=when, sensor="s1", platform="sentinel-1a", orbit=orbit)


MORNING, EVENING = datetime(2022, 6, 8, 5, 30, tzinfo=UTC), datetime(2022, 6, 8, 17, 10, tzinfo=UTC)
SCENES = [
    optical("32UPB"),
    optical("32UPA", NOON + timedelta(seconds=14)),
    optical("32UPB", NOON + timedelta(days=5), baseline="0510", satellite="B"),
    radar("12", MORNING, "descending"),
    radar("37", MORNING + timedelta(seconds=25), "descending"),
    radar("59", EVENING, "ascending"),
]


class Sleeps:
    """Remembers how long it should have waited, and does not."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def opened(server: SentinelHubServer, **more: Any) -> SentinelHub:
    return open_sentinel_hub("cdse", settings_for(server, Path("home"), **more), sleep=Sleeps())


def scene_of(archive: Archive, sensor: str, place: int = 0) -> Scene:
    return [s for s in archive.search(WINDOW, JUNE) if s.sensor == sensor][place]


@contextmanager
def served(scenes: list[ServedScene], **more: Any) -> Iterator[SentinelHubServer]:
    with SentinelHubServer(scenes=scenes, pixels=pixels, **more) as one:
        yield one


def settings_with_account(home: Path, **more: Any) -> Settings:
    return Settings(
        home=home, sentinelhub_client_id=CLIENT_ID, sentinelhub_client_secret=SecretStr(CLIENT_SECRET), **more
    )


def expected(window: Window, scene: Scene, band: str) -> NDArray[Any]:
    """Return what the stand-in's function shows on a window; linear in x and y, so bilinear keeps it."""
    x, y = window.centres()
    return pixels(x, y, optical("32UPB", scene.time), band)
