"""Measure stages of a tile alone and together: reading, unpacking, prediction, writing; and the memory of a large one.

    python -m benchmarks.speed.pipeline \
        [--edge 128] [--dates 60] [--rounds 3] [--latency 0.075] [--memory] [--out rows.json]

Scenes are simulated. Then: a tile whose scenes are in the cache, read in strips while others are predicted, beside its
stages alone; a cube to a finished COG beside the model alone; four tiles of an archive on loopback that lets each
request wait, with the next tile read meanwhile and without. `--memory` renders 512 x 512 pixels with 150 dates of
12 bands in a process of its own, up to where memory grows no more, and states the largest.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from affine import Affine
from shapely.geometry import mapping

from benchmarks.paired import Row, in_turns, kept, parser
from benchmarks.speed import ingest as local
from core.bands import OPTICAL_NAMES
from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.grid import Window
from core.options import Options
from core.product import Product
from core.region import parse_region
from core.settings import Settings
from ingest.build.cube import build_cube
from ingest.build.reader import reader_from
from ingest.source import CubeSource, RegionSource
from ingest.stac.folder import open_stac_folder
from models.registry import find_checkpoint
from outputs.write_raster import write_raster
from products import rows
from products.catalogue import find_product
from products.order import add_card, parse
from workers.direct import DirectOrder, make_pixels, make_region

TILES = 4
SLOW_DATES, SLOW_EDGE = 4, 128
LARGE_EDGE, LARGE_DATES = 512, 150
LARGE_SHARE = 0.27
"""Of the large tile that is predicted: into its second strip of four, with the third in memory beside it."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A cube and what is made of it."""

    cube: Cube
    product: Product[Any]
    options: Options
    checkpoint: Checkpoint

    def render(self) -> Any:
        """Predict all pixels."""
        return rows.render(self.product, self.cube, self.options, self.checkpoint, lambda _: None)

    def series(self) -> Iterator[Series]:
        """Yield the seen pixels of each part, one after the other."""
        parts = rows._row_parts(self.cube.window)
        for strip in (rows._loaded(self.cube, group) for group in rows._strips(parts, self.cube)):
            yield from (rows._seen_series(strip, part)[0] for part in strip.parts)

    def predict(self, series: Iterable[Series]) -> None:
        """Predict some series, a part at a time."""
        for part in series:
            self.product.predict(part, [self.options] * len(part), self.checkpoint)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--edge", type=int, default=128)
    options.add_argument("--dates", type=int, default=60)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--latency", type=float, default=0.075, help="seconds that each request of the archive waits")
    options.add_argument("--memory", action="store_true", help="measure the memory of a large tile instead")
    options.add_argument("--large", type=Path, help="render that tile here, with the cache in this folder")
    chosen = options.parse_args()
    if chosen.large:
        print(render_large(chosen.large))
        return
    with TemporaryDirectory() as folder:
        if chosen.memory:
            kept([memory(Path(folder))], chosen.out)
            return
        found = tile_of_a_cache(Path(folder) / "local", chosen.edge, chosen.dates, chosen.rounds)
        kept([*found, *slow_archive(Path(folder) / "slow", chosen.latency, chosen.rounds)], chosen.out)


def work_of(cube: Cube, product_id: str) -> Work:
    """Return an order of a product with its defaults."""
    product = find_product(product_id)
    checkpoint = find_checkpoint("", product.task, Settings(device="cpu"))
    options = add_card(product, parse(product, {}, available=cube.period), checkpoint)
    return Work(cube=cube, product=product, options=options, checkpoint=checkpoint)


def tile_of_a_cache(folder: Path, edge: int, dates: int, rounds: int) -> list[Row]:
    """Measure tiles whose scenes lie in the cache."""
    local.write_archive(folder, dates, edge)
    settings = Settings(home=folder / "home", tile_size=edge)
    archive = open_stac_folder(folder, settings=settings)
    archive.is_cached = True
    corner = Affine(local.PIXEL_M, 0, local.CORNER[0], 0, -local.PIXEL_M, local.CORNER[1])
    window = Window(crs="EPSG:32632", transform=corner, shape_yx=(edge, edge))
    read = partial(build_cube, archive, window, archive.period, OPTICAL_NAMES, reader=reader_from(settings))
    read()  # fills the cache
    found = []
    for product_id in ("ndvi-forecast", "canopy"):
        with mock.patch("ingest.build.cube.EAGER_BYTES", 0):
            work = work_of(read(), product_id)
        found.append(stages(f"{product_id}, {edge} x {edge} pixels of the cache, {dates} dates", work, rounds))
        found.append(cube_to_cog(f"{product_id}, cube to COG", replace_cube(work, work.cube.loaded()), folder, rounds))
    return found


def replace_cube(work: Work, cube: Cube) -> Work:
    """Return the same work for another cube."""
    return Work(cube=cube, product=work.product, options=work.options, checkpoint=work.checkpoint)


def stages(name: str, work: Work, rounds: int) -> Row:
    """Time reading and prediction one after the other (old) and side by side (new), and each alone."""
    series = list(work.series())

    def in_turn() -> None:
        with mock.patch.object(rows, "ahead", one_by_one):
            work.render()

    row = in_turns(in_turn, work.render, rounds=rounds)
    alone = in_turns(lambda: list(work.series()), lambda: work.predict(series), rounds=rounds)
    slowest = max(alone["old_seconds"], alone["new_seconds"])
    with mock.patch.object(rows, "ahead", one_by_one):
        apart = work.render().pixels
    return {
        "name": name,
        **row,
        "read_seconds": alone["old_seconds"],
        "predict_seconds": alone["new_seconds"],
        "read_cpu_seconds": alone["old_cpu_seconds"],
        "predict_cpu_seconds": alone["new_cpu_seconds"],
        "percent_of_slowest_stage": 100 * slowest / row["new_seconds"],
        "same_bytes": bool(apart.tobytes() == work.render().pixels.tobytes()),
    }


def cube_to_cog(name: str, work: Work, folder: Path, rounds: int) -> Row:
    """Time a cube in memory to a finished COG (old) beside the model alone on the same series (new)."""
    series, out = list(work.series()), folder / "map.tif"
    order, source = DirectOrder(product=work.product, checkpoint=work.checkpoint), CubeSource(name="c", whole=work.cube)

    def whole() -> None:
        result = make_pixels(order, source, folder, lambda _: None)
        assert not isinstance(result.pixels, Path)
        write_raster(result.pixels, out, result.origin)

    row = in_turns(whole, lambda: work.predict(series), rounds=rounds)
    share = {"percent_of_model_rate": 100 / row["seconds_ratio"], "percent_by_cpu": 100 / row["cpu_seconds_ratio"]}
    return {"name": name, **row, **share}


@contextmanager
def one_by_one(make: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """Stand in for `core.stages.ahead.ahead`: nothing is made before it is needed."""
    yield (make(item) for item in items)


class _Slow(SimpleHTTPRequestHandler):
    """Answers requests of a folder by ranges, each after a while."""

    protocol_version = "HTTP/1.1"
    latency = 0.0

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_HEAD(self) -> None:
        """Answer with the head alone."""
        self._answer(with_body=False)

    def do_GET(self) -> None:
        """Answer with the whole file or a part of it."""
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        time.sleep(self.latency)
        path = Path(self.translate_path(re.sub(r"^/time-\d+", "", self.path)))
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) if asked and asked[2] else len(content), len(content) - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        if with_body:
            self.wfile.write(content[first : last + 1])


def _serve(folder: Path, latency: float, ready: Any) -> None:
    _Slow.latency = latency
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Slow, directory=str(folder)))
    ready.put(server.server_port)
    server.serve_forever()


@contextmanager
def serving(folder: Path, latency: float) -> Iterator[str]:
    """Serve a folder on loopback from another process until the block ends; give its URL."""
    context = get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=_serve, args=(folder, latency, ready), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ready.get(timeout=60)}"
    finally:
        process.terminate()
        process.join()


def slow_archive(folder: Path, latency: float, rounds: int) -> list[Row]:
    """Time tiles of an archive whose requests wait: each after the last (old), the next one read meanwhile (new)."""
    with mock.patch.object(local, "BLOCK", SLOW_EDGE):  # each tile waits for blocks of its own
        local.write_archive(folder, SLOW_DATES, SLOW_EDGE * 2)
    with serving(folder, latency) as url:
        found = []
        for product_id in ("ndvi-forecast", "canopy"):
            name = f"{product_id}, {TILES} tiles of {SLOW_EDGE} x {SLOW_EDGE}, {1000 * latency:.0f} ms a request"
            found.append({"name": name, **_region_in_turns(folder, url, product_id, rounds)})
    return found


def _region_in_turns(folder: Path, url: str, product_id: str, rounds: int) -> Row:
    times = count()

    def run(*, is_ahead: bool) -> None:
        _move(folder, f"{url}/time-{next(times)}/")
        with TemporaryDirectory() as home, mock.patch("workers.direct.ahead", side_by_side if is_ahead else one_by_one):
            settings = Settings(
                home=Path(home),
                tile_size=SLOW_EDGE,
                cell_size=SLOW_EDGE,
                archive_hosts=url.removeprefix("http://"),
                requests_per_second=1000,
                device="cpu",
            )
            archive = open_stac_folder(folder, settings=settings)
            product = find_product(product_id)
            order = DirectOrder(product=product, checkpoint=find_checkpoint("", product.task, settings))
            region = parse_region(mapping(archive.footprint.buffer(-2e-5)))
            bands = product.bands
            source = RegionSource(archive=archive, region=region, wanted=bands, reader=reader_from(settings))
            make_region(order, source, settings, Path(home), lambda _: None)

    from workers.direct import ahead as side_by_side

    return in_turns(lambda: run(is_ahead=False), lambda: run(is_ahead=True), rounds=rounds)


def _move(folder: Path, url: str) -> None:
    """Let the items of an archive name files of an address that was not asked before: GDAL keeps what it has read."""
    for item in folder.glob("2*.json"):
        item.write_text(re.sub(r'"href": "(\./|http://[^/]*/time-\d+/)', f'"href": "{url}', item.read_text()))


def memory(folder: Path) -> Row:
    """Return the largest memory of a process that renders a large tile from its archive."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed.pipeline", "--large", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    name = f"ndvi-forecast, {LARGE_EDGE} x {LARGE_EDGE} pixels, {LARGE_DATES} dates, 12 bands"
    return {"name": name, "largest_gib": float(done.stdout.splitlines()[-1])}


def render_large(home: Path) -> float:
    """Render a large tile of an archive that is made up as it is read; return the peak of resident memory in GiB."""
    import resource

    from tests.ingest.large_archive import LargeArchive

    archive = LargeArchive(dates=LARGE_DATES)
    corner = Affine(10, 0, 5120 * 117, 0, -10, 5120 * 1094)
    window = Window(crs="EPSG:32632", transform=corner, shape_yx=(LARGE_EDGE, LARGE_EDGE))
    reader = reader_from(Settings(home=home))
    cube = build_cube(archive, window, archive.period, archive.bands, reader=reader)
    work = work_of(cube, "ndvi-forecast")

    def enough(share: float) -> None:
        if share > LARGE_SHARE:
            raise InterruptedError

    with suppress(InterruptedError):
        rows.render(work.product, work.cube, work.options, work.checkpoint, enough)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**3 if sys.platform == "darwin" else 1024**2)


if __name__ == "__main__":
    main()
