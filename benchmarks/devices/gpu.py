"""Claim: products on a CUDA card equal those of the CPU, and the card computes near its own matrix product.

    python -m benchmarks.devices.gpu [--out gpu.json] [--seconds 330] [--commit SHA]
    python -m benchmarks.devices.gpu --dry-run          everything small and on the CPU, in under a minute

One run checks all products against ONNX Runtime on the CPU, and measures the card's bf16 matrix product, the shipped
models, a tile-year of canopy, networks of 0.15 to 700 million parameters in one pass, and the roll-out with and without
a cache. It prints one table and writes one JSON record. Parts that there is no time for are left out and listed.
Inputs are simulated from a seed, with every band and gaps: they are no evidence of accuracy. Needs no file but the
repository's, and none of the libraries for maps (rasterio, shapely, pyproj).
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.measured import START, STEP_DAYS, Run, begin, simulated
from core.bands import Floats, channel
from core.checkpoint import Checkpoint, Device, Precision
from core.cube import Series
from core.forecast import MEDIAN
from core.settings import Settings
from core.timeline import Days
from models.embed import embed
from models.gap_fill import fill_gaps
from models.inference.choose import running
from models.inference.torch_device import TorchBackend, load
from models.network.class_inputs import class_inputs
from models.network.earthpt import SIZES, EarthPT, EarthPTConfig
from models.network.queries import QUERY_FEATURES
from models.network.rollout import roll_out, roll_out_anew
from models.network.tokens import TOKEN_FEATURES, tokenise, without_weather
from models.registry import find_checkpoint
from models.runtime import classify, classify_with_states, forecast

TARGETS = 30
MONTHS = 36
TOLERANCE = 1e-4
"""Largest difference from the CPU in float32."""
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
HISTORY, AHEAD = 226, 30
"""Steps of a series of 256, as in the published test: those that are read, and those that are forecast."""
ROWS = {
    "small": 8192,
    "medium": 8192,
    "5m": 4096,
    "10m": 2048,
    "20m": 2048,
    "90m": 1024,
    "300m": 512,
    "700m": 512,
}
"""Series per pass of each size; halved where the card has no memory for them."""
CALENDAR_FEATURES, CALENDAR_CHANNELS = 16, 12
"""Of imported networks: ten bands and two of radar, then four of the calendar."""


def main() -> int:
    """Measure, print the table, write the record; 1 if a product differs from the CPU or a part failed."""
    options, run = begin(__doc__, seconds=330.0, out="gpu.json")
    began = time.perf_counter()
    measure_all(run)
    record = {
        "machine": machine(run),
        "commit": options.commit or commit(),
        "seconds": round(time.perf_counter() - began, 1),
        "bf16_product_tflops": run.product_tflops,
        "rows": run.rows,
        "left_out": run.left_out,
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in record.items() if k != "rows"}))
    return run.verdict("all products equal those of the CPU")


def measure_all(run: Run) -> None:
    """Measure all parts, those that matter most first."""
    run.part("matrix product", lambda: measure_product(run))
    for name, check in checks(run).items():
        run.part(name, check)
    run.part("accuracy", lambda: measure_accuracy(run))
    for name in SHIPPED:
        run.part(f"rate of {name}", partial(measure_shipped, run, name))
    run.part("tile-year of canopy", lambda: measure_tile(run))
    sizes = ["small", "tiny"] if run.is_dry else [*ROWS]
    for size in sizes:
        run.part(f"one pass {size}", partial(measure_size, run, size))
    for size in ["tiny"] if run.is_dry else ["small", "10m", "90m", "300m", "700m"]:
        run.part(f"roll-out {size}", partial(measure_rollout, run, size))
    for size in [] if run.is_dry else ["300m", "700m", "small", "10m", "90m", "medium", "5m", "20m"]:
        run.part(f"one pass {size}, compiled", partial(measure_size, run, size, is_compiled=True))


def machine(run: Run) -> dict[str, Any]:
    """Return the machine, the card and the versions."""
    card = torch.cuda.get_device_name() if run.device == "cuda" else platform.processor()
    versions = {"python": platform.python_version(), "torch": torch.__version__, "cuda": torch.version.cuda}
    return {
        "device": card,
        "cores": os.cpu_count(),
        **versions,
        "numpy": np.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def commit() -> str:
    """Return the commit of the checkout, or `unknown`."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def measure_product(run: Run) -> None:
    """Measure the bf16 matrix product that all shares refer to."""
    edge = 1024 if run.is_dry else 8192
    one, other = (torch.randn(edge, edge, device=run.device, dtype=torch.bfloat16) for _ in range(2))
    run.product_tflops = 2 * edge**3 / run.seconds(lambda: one @ other, least=3.0, most=200) / 1e12
    run.add(f"bf16 matrix product {edge}", tflops=run.product_tflops)


SHIPPED = {"ndvi-small": "forecast", "earthpt-small": "forecast", "canopy": "canopy", "crop": "crop"}


def shipped(name: str, device: Device, precision: Precision = "float32") -> Checkpoint:
    """Return a shipped model that runs on a device."""
    settings = Settings(home=Path("nowhere"), device="cpu")
    return replace(find_checkpoint(name, SHIPPED[name], settings), device=device, precision=precision)


def checks(run: Run) -> dict[str, Callable[[], None]]:
    """Return a check of each product's arrays against those of the CPU."""
    series = simulated(24 if run.is_dry else 1024)
    end = np.full(len(series), START + STEP_DAYS * 85, np.int32)
    targets = (end[:, None] + 5 * np.arange(TARGETS)).astype(np.int32)
    inside = (end[:, None] - np.array([400, 200, 90, 33, 8])).astype(np.int32)

    def states(model: Checkpoint) -> list[Floats]:
        found, read = classify_with_states(series, end, model, months=MONTHS)
        return [found.probability, read]

    works: dict[str, tuple[str, Callable[[Checkpoint], list[Floats]]]] = {
        "forecast NDVI": ("ndvi-small", lambda m: [forecast(series, end, targets, m).quantiles]),
        "forecast EVI2": ("ndvi-small", lambda m: [forecast(series, end, targets, m, quantity="EVI2").quantiles]),
        "forecast by tokens": ("earthpt-small", lambda m: [forecast(series, end, targets, m).quantiles]),
        "gap fill": ("ndvi-small", lambda m: [fill_gaps(series, end, inside, m)]),
        "canopy": ("canopy", states),
        "crop": ("crop", states),
        "embedding": ("earthpt-small", lambda m: [embed(series, end, m, layer="middle")]),
    }
    return {name: partial(check, run, name, model, work) for name, (model, work) in works.items()}


def check(run: Run, name: str, model: str, work: Callable[[Checkpoint], list[Floats]]) -> None:
    """Compare a product on the device, in float32 and bf16, with the CPU: the largest difference of each array."""
    expected = work(shipped(model, "cpu"))
    is_exact = name == "embedding" or (run.is_dry and name != "canopy")  # embeddings are computed in float32 alone
    for precision in PRECISIONS[: 1 if is_exact else 2]:
        checkpoint = shipped(model, run.device, precision)
        backend = running(load(checkpoint, "cpu", precision)) if run.is_dry else nullcontext()
        with backend:
            found = work(checkpoint)
        apart = [float(np.nanmax(np.abs(a - b))) for a, b in zip(found, expected, strict=True)]
        is_same_nan = all(bool((np.isnan(a) == np.isnan(b)).all()) for a, b in zip(found, expected, strict=True))
        values: dict[str, Any] = {"largest": max(apart), "mean": float(np.nanmean(np.abs(found[0] - expected[0])))}
        if precision == "float32":
            values["is_equal"] = is_same_nan and max(apart) <= TOLERANCE
        run.add(f"{name}, {precision}", **values)


def measure_accuracy(run: Run) -> None:
    """Compare the errors of bf16 with those of float32: NDVI that the simulation shows later, and its evergreens."""
    series = simulated(48 if run.is_dry else 3072, seed=1)
    end = np.full(len(series), START + STEP_DAYS * 85, np.int32)
    later = series.days[:, 85:]
    truth = series.values[:, 85:, channel("NDVI")]
    for precision in PRECISIONS:
        error, area = [], []
        for name in ("ndvi-small", "earthpt-small", "canopy"):
            model = shipped(name, run.device, precision)
            with running(load(model, run.device, precision)):
                if name == "canopy":
                    share = classify(series, end, model, months=MONTHS).probability
                    area.append(roc_auc(share[:, 1], np.arange(len(series)) % 3 == 0))
                else:
                    median = forecast(series, end, later, model).quantiles[..., MEDIAN]
                    error.append(float(np.nanmedian(np.abs(median - truth))))
        run.add(f"accuracy, {precision}", ndvi_error=error[0], ndvi_error_tokens=error[1], roc_auc=area[0])


def roc_auc(score: Floats, is_positive: NDArray[np.bool_]) -> float:
    """Return the area under the curve by ranks, ties sharing theirs."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = int(is_positive.sum())
    return float((rank[is_positive].sum() - positive * (positive + 1) / 2) / (positive * (len(score) - positive)))


def measure_shipped(run: Run, name: str) -> None:
    """Measure a shipped model: the network on inputs in memory, and all with the features."""
    series = simulated(64 if run.is_dry else 16384)
    count = len(series)
    end = np.full(count, START + STEP_DAYS * 85, np.int32)
    inputs = inputs_of(name, series.take(slice(0, min(count, 2048))), end[:2048])
    many = [np.concatenate([a] * (1 if run.is_dry else 32)) for a in inputs]
    targets = (end[:, None] + 5 * np.arange(TARGETS)).astype(np.int32)
    for precision in PRECISIONS[: 1 if run.is_dry else 2]:
        model = shipped(name, run.device, precision)
        backend = load(model, run.device, precision)
        alone = len(many[0]) / run.seconds(partial(backend.run, *many))
        on_card = len(many[0]) / run.seconds(on_device(backend, many))
        with running(backend):
            whole = count / run.seconds(partial(product, model, series, end, targets), most=3)
        run.add(f"{name}, {precision}", network=on_card, with_transfer=alone, with_features=whole)


def product(model: Checkpoint, series: Series, end: Days, targets: Days) -> object:
    """Run a product's model from series to quantiles or probabilities."""
    if model.task == "forecast":
        return forecast(series, end, targets, model)
    return classify(series, end, model, months=MONTHS)


def inputs_of(name: str, series: Series, end: Days) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Return tokens, padding and queries of a shipped model; the queries of forecasts are random."""
    if SHIPPED[name] != "forecast":
        tokens, queries = class_inputs(series, end, months=MONTHS)
        return tokens.tokens, tokens.is_padding, queries
    context = int(shipped(name, "cpu").card["network"]["context"])
    tokens = tokenise(without_weather(series), end, context=context)
    drawn = np.random.default_rng(0).normal(size=(len(series), TARGETS, QUERY_FEATURES))
    return tokens.tokens, tokens.is_padding, drawn.astype(np.float32)


def on_device(backend: TorchBackend, arrays: Sequence[NDArray[Any]]) -> Callable[[], object]:
    """Return the run of a network whose inputs lie on the device already and whose outputs stay there."""
    placed = [torch.from_numpy(np.ascontiguousarray(a)).to(backend.device) for a in arrays]
    rows = min(len(arrays[0]), backend.rows)

    def work() -> None:
        for first in range(0, len(arrays[0]), rows):
            backend.on_device(*(a[first : first + rows] for a in placed))

    return work


def measure_tile(run: Run) -> None:
    """Measure canopy of a tile of 512 x 512 pixels seen once a month for 36 months, from arrays to probabilities."""
    edge, distinct = (16, 64) if run.is_dry else (512, 4096)
    few = simulated(distinct, dates=MONTHS, step_days=30)
    pixels = few.take(np.arange(edge * edge) % distinct)
    end = np.full(len(pixels), int(few.days.max()) + 1, np.int32)
    for precision in PRECISIONS[: 1 if run.is_dry else 2]:
        model = shipped("canopy", run.device, precision)
        with running(load(model, run.device, precision)):
            classify(few, end[:distinct], model, months=MONTHS)
            began = time.perf_counter()
            classify(pixels, end, model, months=MONTHS)
            seconds = time.perf_counter() - began
        name = f"canopy {edge} x {edge}, {MONTHS} months, {precision}"
        run.add(name, seconds=seconds, pixels_per_s=edge**2 / seconds)
    began = time.perf_counter()
    class_inputs(few, end[:distinct], months=MONTHS)
    run.add("features of canopy on one core", pixels_per_s=distinct / (time.perf_counter() - began))


def measure_size(run: Run, size: str, *, is_compiled: bool = False) -> None:
    """Measure one pass of a network of random weights over 226 dates and 30 queries, as it is or compiled."""
    with torch.device(run.device):
        network = EarthPT(SIZES[size]).to(torch.bfloat16).eval().requires_grad_(False)
    if is_compiled:
        torch.compiler.reset()
        for block in network.blocks:
            block.compile(dynamic=False)
    rate = fastest(run, network, 4 if run.is_dry else ROWS[size])
    run.add(
        f"one pass {size}{', compiled' if is_compiled else ''}",
        parameters=sum(p.numel() for p in network.blocks.parameters()),
        series_per_s=rate,
        percent=100 * rate * flops(network) / run.product_tflops / 1e12,
    )


@torch.inference_mode()
def fastest(run: Run, network: EarthPT, rows: int) -> float:
    """Return series per second, of as many rows as the card has memory for."""
    try:
        tokens = torch.randn(rows, HISTORY, TOKEN_FEATURES, device=run.device, dtype=torch.bfloat16)
        queries = torch.randn(rows, AHEAD, QUERY_FEATURES, device=run.device, dtype=torch.bfloat16)
        padding = torch.zeros(rows, HISTORY, dtype=torch.bool, device=run.device)
        return rows / run.seconds(lambda: network(tokens, padding, queries))
    except torch.OutOfMemoryError:
        if rows == 1:
            raise
    torch.cuda.empty_cache()
    return fastest(run, network, rows // 2)


def flops(network: EarthPT) -> float:
    """Return the operations that one series needs: products of all layers, and attention to the past alone."""
    config, steps = network.config, HISTORY + AHEAD
    blocks, heads = (sum(p.numel() for p in m.parameters()) for m in (network.blocks, network.to_quantiles))
    read, asked = (sum(p.numel() for p in m.parameters()) for m in (network.token, network.query))
    pairs = HISTORY * (HISTORY + 1) / 2 + AHEAD * (HISTORY + 1)
    attention = 4 * config.layers * config.width * pairs
    return 2.0 * (blocks * steps + heads * AHEAD + read * HISTORY + asked * AHEAD) + attention


def measure_rollout(run: Run, size: str) -> None:
    """Measure the roll-out of a network of the published form, with its cache and read anew for each step."""
    form = {"form": "calendar", "positions": 256, "quantiles": 0, "query_features": 0, "members": 0, "context": 0}
    sizes = {"token_features": CALENDAR_FEATURES, "channels": CALENDAR_CHANNELS, **form}
    rows = 8 if run.is_dry else 256
    steps, lengths, time_ahead = calendar_inputs(run, rows)
    ways = {"cached": roll_out, "anew": roll_out_anew}
    with torch.device(run.device), torch.inference_mode():
        network = EarthPT(EarthPTConfig(**{**SIZES[size].to_json(), **sizes})).eval()  # type: ignore[arg-type]
        found = [way(network, steps[:8], lengths[:8], time_ahead[:8]) for way in ways.values()]
        apart, scale = float((found[0] - found[1]).abs().max()), max(1.0, float(found[1].abs().max()))
        network, inputs = network.to(torch.bfloat16), (steps.bfloat16(), lengths, time_ahead.bfloat16())
        few = (x[: rows // 4] for x in inputs)
        cached = rows / run.seconds(lambda: roll_out(network, *inputs), most=3)
        short = tuple(few)
        anew = len(short[0]) / run.seconds(lambda: roll_out_anew(network, *short), least=0.1, most=2)
    is_equal = apart <= 1e-5 * scale
    run.add(f"roll-out {size}", largest=apart, is_equal=is_equal, cached=cached, anew=anew, ratio=cached / anew)


def calendar_inputs(run: Run, rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return random histories of 226 steps at most, their lengths, and the calendar of 30 steps ahead."""
    draw = torch.Generator().manual_seed(0)
    steps = torch.randn(rows, HISTORY, CALENDAR_FEATURES, generator=draw)
    ahead = torch.randn(rows, AHEAD, CALENDAR_FEATURES - CALENDAR_CHANNELS, generator=draw)
    lengths = torch.randint(HISTORY // 2, HISTORY + 1, (rows,), generator=draw)
    return steps.to(run.device), lengths.to(run.device), ahead.to(run.device)


if __name__ == "__main__":
    sys.exit(main())
