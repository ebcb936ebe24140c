"""Claim: a CUDA card that also makes the features keeps its networks busy, and answers what the CPU answers.

    python -m benchmarks.devices.gpu_features [--out gpu_features.json] [--seconds 180] [--commit SHA]
    python -m benchmarks.devices.gpu_features --dry-run          everything small and on the CPU, in under a minute

A shorter run than benchmarks/devices/gpu.py, of three minutes at most. It compares the features and all products with
those of NumPy and ONNX Runtime, odd series among them; measures series a second from arrays to answers, and a tile-year
of canopy; and says where the time goes: milliseconds of each stage, and the operations that take longest. Each line is
printed when it is known, and a part that fails does not end the others. Inputs are simulated from a seed.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from benchmarks import measured
from benchmarks.devices.gpu import MONTHS, PRECISIONS, SHIPPED, TARGETS, checks, commit, machine, product, shipped
from benchmarks.measured import START, STEP_DAYS, Run, begin
from core.bands import CHANNELS, NDVI, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import ClassProbabilities, Forecast
from core.quantities import QUANTITIES
from core.timeline import Days
from models.baselines import climatology as numpy_climatology
from models.calibration.evidence_scaling import EvidenceScaling
from models.calibration.quantiles import Calibration
from models.inference.choose import running
from models.inference.features.calibration import probabilities, stretched
from models.inference.features.class_features import class_features, class_inputs
from models.inference.features.climatology import Past, expect
from models.inference.features.composite import calendar_composite
from models.inference.features.history import from_model, without_snow
from models.inference.features.queries import forecast_queries
from models.inference.features.tokens import no_tokens, tokenise
from models.inference.features.upload import Sender
from models.inference.torch_device import TorchBackend, load
from models.inference.work import ClassWork
from models.network import class_inputs as numpy_class_inputs
from models.network.class_network import ClassNetwork, tree_inputs
from models.network.tokens import RADAR_CONTEXT

ISSUE = START + STEP_DAYS * 85
simulated = cache(measured.simulated)
"""Made once for all parts."""
SHOWN = 14
"""Operations of a profile that are printed."""


def main() -> int:
    """Measure, write the record; 1 if something differs from the CPU or a part failed."""
    options, run = begin(__doc__, seconds=180.0, out="gpu_features.json")
    began = time.perf_counter()
    facts = {"machine": machine(run), "commit": options.commit or commit()}
    print(json.dumps(facts), flush=True)
    for name, part in parts(run).items():
        run.part(name, part)
        seconds = round(time.perf_counter() - began, 1)
        print(f"  [{seconds} s after {name}]", flush=True)
        record = {**facts, "seconds": seconds, "rows": run.rows, "left_out": run.left_out}
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")  # a run that is cut off has some
    print(f"left out: {'; '.join(run.left_out) or 'nothing'}")
    return run.verdict("all features and products equal those of the CPU")


def parts(run: Run) -> dict[str, Callable[[], None]]:
    """Return all parts, those that matter most first."""
    products = checks(run)
    return {
        "equality of features": partial(measure_equality, run),
        "forecast NDVI": products.pop("forecast NDVI"),
        "canopy": products.pop("canopy"),
        "tile-year of canopy": partial(measure_tile, run),
        **{f"rate of {name}": partial(measure_rate, run, name) for name in SHIPPED},
        "stages of ndvi-small": partial(measure_forecast, run, "ndvi-small"),
        "stages of canopy": partial(measure_classes, run),
        "stages of earthpt-small": partial(measure_forecast, run, "earthpt-small"),
        "operations of ndvi-small": partial(measure_operations, run, "ndvi-small"),
        "operations of canopy": partial(measure_operations, run, "canopy"),
        "odd series": partial(measure_odd, run),
        "operations of earthpt-small": partial(measure_operations, run, "earthpt-small"),
        **({} if run.is_dry else products),  # benchmarks/devices/gpu.py has them in its dry run
    }


def odd(series: Series) -> Series:
    """Return the series, the first of them odd: unseen, seen once, for two months, by radar alone, in NDVI alone."""
    values = series.values.copy()
    values[0] = np.nan
    values[1, :40], values[1, 41:] = np.nan, np.nan
    values[2, :-20] = np.nan
    values[3, :, : channel("VV")] = np.nan
    values[4, :, [c for c in range(len(CHANNELS)) if c != channel(NDVI.name)]] = np.nan
    values[5, :, channel("B08")] = np.nan
    return replace(series, values=values)


def asked(count: int) -> tuple[Days, Days]:
    """Return the issue days of so many series, and their target days."""
    end = np.full(count, ISSUE, np.int32)
    return end, (end[:, None] + 5 * np.arange(TARGETS)).astype(np.int32)


def tensors(run: Run, *arrays: NDArray[Any]) -> list[Tensor]:
    """Return arrays on the device."""
    return [torch.from_numpy(np.ascontiguousarray(a)).to(run.device) for a in arrays]


def rows_of(run: Run) -> int:
    """Return how many series a stage is measured on."""
    return 32 if run.is_dry else 16384


@torch.inference_mode()
def measure_equality(run: Run) -> None:
    """Compare features with NumPy's: the largest difference, and for trees how many values are not the same."""
    series = odd(simulated(24 if run.is_dry else 2048))
    end, targets = asked(len(series))
    ndvi = np.ascontiguousarray(series.values[..., channel(NDVI.name)])
    expected = numpy_climatology.expect(series.days, ndvi, end, targets)
    found = expect(*tensors(run, series.days, ndvi, end, targets))
    for field in ("climatology", "base", "unit", "features", "traits"):
        compare(run, f"expectation, {field}", getattr(found, field), getattr(expected, field))
    tokens, queries = numpy_class_inputs.class_inputs(series, end, months=MONTHS)
    days, values, reference = tensors(run, series.days, series.values, end)
    read, is_padding, asked_of = class_inputs(days, values, None, reference, months=MONTHS)
    compare(run, "class inputs, padding", is_padding, tokens.is_padding)
    compare(run, "class inputs, tokens", read, tokens.tokens)
    compare(run, "class inputs, queries", asked_of, queries)


def compare(run: Run, name: str, found: Tensor, expected: NDArray[Any]) -> None:
    """Add the largest difference, the count of values that are not the same to the bit, and whether NaN are equal."""
    one, other = found.float().cpu().numpy(), expected.astype(np.float32)
    is_same_nan = one.shape == other.shape and bool((np.isnan(one) == np.isnan(other)).all())
    apart = np.nan_to_num(np.abs(one - other)) if is_same_nan else np.full(1, np.inf)
    largest, differing = float(apart.max(initial=0)), int((apart > 0).sum())
    run.add(name, largest=largest, differing=differing, of=other.size, is_equal=largest <= 1e-4)


def measure_odd(run: Run) -> None:
    """Compare answers for odd series with the CPU's."""
    series = odd(simulated(24))
    end, targets = asked(len(series))
    for name in SHIPPED:
        found = []
        for device in ("cpu", run.device):
            model = shipped(name, device)
            with running(load(model, device, "float32")) if run.is_dry and found else nullcontext():
                found.append(answer_of(product(model, series, end, targets)))
        compare(run, f"odd series, {name}", torch.from_numpy(found[1]), found[0])


def answer_of(result: object) -> Floats:
    """Return the quantiles of a forecast, or the probabilities of classes."""
    if isinstance(result, Forecast):
        return result.quantiles
    assert isinstance(result, ClassProbabilities)
    return result.probability


def measure_rate(run: Run, name: str) -> None:
    """Measure a shipped model from arrays of the host to answers there: several batches, sent while others run."""
    few = simulated(rows_of(run))
    series = few.take(np.arange(len(few) * (2 if run.is_dry else 4)) % len(few))
    end, targets = asked(len(series))
    for precision in PRECISIONS[: 1 if run.is_dry else 2]:
        model = shipped(name, run.device, precision)
        with running(load(model, run.device, precision)):
            seconds = run.seconds(partial(product, model, series, end, targets), most=3)
        run.add(f"{name}, {precision}, with features", series=len(series), series_per_s=len(series) / seconds)


def measure_tile(run: Run) -> None:
    """Measure canopy of a tile of 512 x 512 pixels seen once a month for 36 months, from arrays to probabilities."""
    edge, distinct = (8, 64) if run.is_dry else (512, 4096)
    few = simulated(distinct, dates=MONTHS, step_days=30)
    pixels = few.take(np.arange(edge * edge) % distinct)
    end = np.full(len(pixels), int(few.days.max()) + 1, np.int32)
    for precision in PRECISIONS[: 1 if run.is_dry else 2]:
        model = shipped("canopy", run.device, precision)
        with running(load(model, run.device, precision)):
            seconds = run.seconds(partial(product, model, pixels, end, end[:, None]), most=3)
        run.add(f"canopy {edge} x {edge}, {MONTHS} months, {precision}", seconds=seconds, per_s=edge**2 / seconds)


def stages(run: Run, name: str, rows: int, works: dict[str, Callable[[], object]]) -> None:
    """Add the milliseconds of each stage, the device waited for."""
    with torch.inference_mode():
        for stage, work in works.items():
            seconds = run.seconds(work, least=0.5, most=10)
            run.add(f"{name}: {stage}", ms=1000 * seconds, series_per_s=rows / seconds)


def measure_forecast(run: Run, name: str) -> None:
    """Measure each stage of a forecaster on one batch, in float32."""
    rows = rows_of(run)
    model, series = shipped(name, run.device), simulated(rows)
    backend, sender = load(model, run.device, "float32"), Sender(torch.device(run.device))
    end, targets = asked(rows)
    context = int(model.card["network"]["context"])
    shown = series.values if context else series.values[..., channel(NDVI.name)]
    calibration = Calibration.from_json(model.card["calibration"]) if "calibration" in model.card else None

    def send() -> tuple[Tensor | None, ...]:
        sent = sender.send(series.days, shown, end, targets)
        sender.arrived(sent)
        return sent

    days, values, issue, target = (t for t in send() if t is not None)
    ndvi = values[..., channel(NDVI.name)] if context else values
    with torch.inference_mode():
        at = expect(days, ndvi, issue, target)
        queries = forecast_queries(at.features, issue, target, NDVI.name)
        read = partial(tokenise, days, values, issue, context=context, radar_context=RADAR_CONTEXT)
        tokens, is_padding = read() if context else no_tokens(rows, days.device)
        scaled = backend.on_device(tokens, is_padding, queries)[0]
    lead, out = target - issue[:, None] + 1, torch.empty(scaled.shape)
    works: dict[str, Callable[[], object]] = {
        "send": send,
        "snow": lambda: without_snow(days, ndvi, issue),
        "past and cycle": lambda: Past.of(days, ndvi, issue),
        "expectation, those included": lambda: expect(days, ndvi, issue, target),
        "queries": lambda: forecast_queries(at.features, issue, target, NDVI.name),
        "tokens": read,
        "network": lambda: backend.on_device(tokens, is_padding, queries),
        "calibration": lambda: stretched(calibration, scaled, lead, at.traits, at.doubt) if calibration else None,
        "own units": lambda: from_model(QUANTITIES[NDVI.name], scaled),
        "fetch": lambda: out.copy_(scaled),
    }
    stages(run, name, rows, works)


def measure_classes(run: Run) -> None:
    """Measure each stage of canopy on one batch of monthly series, in float32."""
    rows = rows_of(run)
    model, series = shipped("canopy", run.device), simulated(rows, dates=MONTHS, step_days=30)
    backend, sender = load(model, run.device, "float32"), Sender(torch.device(run.device))
    end = np.full(rows, int(series.days.max()) + 1, np.int32)
    work = ClassWork(months=MONTHS, scaling=EvidenceScaling.from_json(model.card["calibration"]), with_states=False)

    def send() -> tuple[Tensor | None, ...]:
        sent = sender.send(series.days, series.values, end)
        sender.arrived(sent)
        return sent

    days, values, reference = (t for t in send() if t is not None)
    with torch.inference_mode():
        centre, monthly = calendar_composite(days, values, reference, months=MONTHS)
        tokens, is_padding, queries = class_inputs(days, values, None, reference, months=MONTHS)
        logits, states = backend.on_device(tokens, is_padding, queries, with_states=True)
    network, out = backend.network, torch.empty(logits.shape)
    assert isinstance(network, ClassNetwork)
    works: dict[str, Callable[[], object]] = {
        "send": send,
        "composite": lambda: calendar_composite(days, values, reference, months=MONTHS),
        "tokens": lambda: tokenise(centre, monthly, reference + 31, context=MONTHS, radar_context=MONTHS),
        "features of months": lambda: class_features(centre, monthly, None),
        "class inputs, those included": lambda: class_inputs(days, values, None, reference, months=MONTHS),
        "trunk": lambda: network.read(tokens, is_padding),
        "head": lambda: network.head_logits(states, queries[:, 0]),
        "trees": lambda: network.trees(tree_inputs(queries[:, 0])),
        "calibration": lambda: probabilities(work.scaling, logits, is_padding, queries),
        "fetch": lambda: out.copy_(logits),
    }
    stages(run, "canopy", rows, works)


def measure_operations(run: Run, name: str) -> None:
    """Profile one product on two batches: how long the device is busy, and with what."""
    is_class = SHIPPED[name] != "forecast"
    few = simulated(rows_of(run), **({"dates": MONTHS, "step_days": 30} if is_class else {}))
    series = few.take(np.arange(2 * len(few)) % len(few))
    end, targets = asked(len(series))
    model: Checkpoint = shipped(name, run.device)
    backend: TorchBackend = load(model, run.device, "float32")
    activities = [ProfilerActivity.CPU, *([] if run.is_dry else [ProfilerActivity.CUDA])]
    with running(backend):
        product(model, series, end, targets)
        run.wait()
        with profile(activities=activities) as found:
            began = time.perf_counter()
            product(model, series, end, targets)
            run.wait()
            seconds = time.perf_counter() - began
    taken = "self_cpu_time_total" if run.is_dry else "self_device_time_total"
    ours = [e for e in found.key_averages() if e.device_type == DeviceType.CPU]  # kernels are in the operations' times
    events = sorted(ours, key=lambda e: -float(getattr(e, taken)))
    busy, calls = sum(getattr(e, taken) for e in events) / 1e6, sum(e.count for e in events)
    run.add(f"{name}: profile of {len(series)}", seconds=seconds, device_busy_s=busy, operations=calls)
    for event in events[:SHOWN]:
        run.add(f"  {event.key[:60]}", ms=getattr(event, taken) / 1e3, calls=event.count)


if __name__ == "__main__":
    sys.exit(main())
