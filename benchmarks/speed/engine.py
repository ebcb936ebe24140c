"""Measure how many times as many series the engine answers on a CPU, for the same processor time, as the form before.

    python -m benchmarks.speed.engine \
        [--threads 2] [--series 1024] [--rounds 5] [--only ndvi-small,crop] [--out rows.json]

Before: one call at a time with threads inside ONNX Runtime, heads side by side as one batched product, trees as matrix
products within the graph. Now: a call a core, heads one after the other, trees by bits. Same weights, same series, same
features, in turns in one process; features are part of both. Then the share of the machine's matrix rate, one core.
"""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from benchmarks.devices.gpu import AHEAD, HISTORY, flops
from benchmarks.measured import DATES, START, STEP_DAYS, simulated
from benchmarks.paired import Row, cpu_seconds, in_turns, kept, parser
from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from models.checkpoint import load_class_network, load_network
from models.export import OPSET, export_onnx
from models.inference.choose import running
from models.inference.onnx_cpu import OnnxBackend
from models.network.class_network import ClassNetwork
from models.network.earthpt import SIZES, EarthPT
from models.network.queries import QUERY_FEATURES
from models.network.tokens import TOKEN_FEATURES
from models.registry import find_checkpoint, is_class_network
from models.runtime import classify, forecast
from products import canopy, crop

TASKS = {"ndvi-small": "forecast", "earthpt-small": "forecast", "canopy": "canopy", "crop": "crop"}
MONTHS = {"canopy": canopy.MONTHS, "crop": crop.MONTHS}
EDGE = 1024
"""Of the square matrices whose product is the machine's matrix rate."""


class Before(nn.Module):
    """A network as it was exported before."""

    def __init__(self, network: EarthPT | ClassNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> Tensor:
        """Return quantiles, or logits with the trees."""
        if isinstance(self.network, ClassNetwork):
            return self.network.classify(tokens, is_padding, queries)
        return self.network(tokens, is_padding, queries)


class BackendBefore:
    """ONNX Runtime as it was used before."""

    name, batch, has_states = "onnxruntime before", 64, False
    reads_tokens = True

    def __init__(self, checkpoint: Checkpoint, threads: int, folder: Path) -> None:
        is_classes = is_class_network(checkpoint)
        network = load_class_network(checkpoint) if is_classes else load_network(checkpoint)
        batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=1024)
        dates = {} if is_classes else {1: torch.export.Dim("queries", min=2, max=1024)}
        program = torch.onnx.export(
            Before(network).eval(),
            inputs(network, 3, 7, 1 if is_classes else 5),
            dynamo=True,
            dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}, {0: batch, **dates}),
            opset_version=OPSET,
            verbose=False,
        )
        onnx.save(program.model_proto, folder / "before.onnx")
        self.session = session_of(folder / "before.onnx", threads)

    def run(self, tokens: Floats, is_padding: Any, queries: Floats, *, with_states: bool = False) -> list[Floats]:
        """Return the output of the graph."""
        if tokens.shape[1] == 1:
            tokens, is_padding = (
                np.repeat(tokens, 2, axis=1),
                np.pad(is_padding, ((0, 0), (0, 1)), constant_values=True),
            )
        names = [i.name for i in self.session.get_inputs()]
        return self.session.run(None, dict(zip(names, (tokens, is_padding, queries), strict=True)))


def session_of(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def inputs(network: EarthPT | ClassNetwork, batch: int, length: int, queries: int) -> tuple[Tensor, Tensor, Tensor]:
    config = network.config
    return (
        torch.randn(batch, length, config.token_features),
        torch.zeros(batch, length, dtype=torch.bool),
        torch.randn(batch, queries, config.query_features),
    )


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--series", type=int, default=1024)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", default="ndvi-small,canopy,crop", help="checkpoints, with commas")
    options.add_argument("--size", default="10m", help="size whose share of the matrix rate is measured; empty = none")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")  # the exporter warns about its own internals
    rows = [against_before(name, chosen.threads, chosen.series, chosen.rounds) for name in chosen.only.split(",")]
    kept([*rows, *(shares(chosen.size) if chosen.size else [])], chosen.out)


def against_before(name: str, threads: int, count: int, rounds: int) -> Row:
    """Time a shipped checkpoint in both forms, features included, and compare what they answer."""
    checkpoint = find_checkpoint(name, TASKS[name], Settings(device="cpu"))
    answer = answers(checkpoint, simulated(count), threads)
    with tempfile.TemporaryDirectory() as folder:
        before, now = BackendBefore(checkpoint, threads, Path(folder)), OnnxBackend(Path(checkpoint.folder), threads)

    def with_backend(backend: Any) -> Callable[[], Floats]:
        def work() -> Floats:
            with running(backend):
                return answer()

        return work

    old, new = with_backend(before), with_backend(now)
    apart = float(np.nanmax(np.abs(old() - new())))
    row = in_turns(old, new, rounds=rounds)
    rates = {"series_per_second": count / row["new_seconds"], "series_per_cpu_second": count / row["new_cpu_seconds"]}
    return {"name": f"{name}, {threads} threads", **row, **rates, "largest_difference": apart}


def answers(checkpoint: Checkpoint, series: Series, threads: int) -> Callable[[], Floats]:
    """Return the function that answers all series."""
    end = np.full(len(series), START + STEP_DAYS * DATES, np.int32)
    targets = (end[:, None] + 5 * np.arange(AHEAD)).astype(np.int32)
    if checkpoint.task == "forecast":
        return lambda: forecast(series, end, targets, checkpoint, threads=threads).quantiles
    months = MONTHS[checkpoint.task]
    return lambda: classify(series, end, checkpoint, months=months, threads=threads).probability


def shares(size: str) -> list[Row]:
    """Return what share of the matrix rate of one core a network of a size reaches, untrained, and the shipped one."""
    peak = matrix_rate()
    rows: list[Row] = [{"name": "matrix product, float32, one core", "gflops": peak}]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        network = EarthPT(SIZES[size]).eval()
        export_onnx(network, path)
        took = network_seconds(path, 4, HISTORY)
        rows.append(_share(f"{size}, {HISTORY} dates of history", 4 * flops(network), took, peak))
    shipped = find_checkpoint("ndvi-small", "forecast", Settings(device="cpu"))
    heads = load_network(shipped)
    each = sum(p.numel() for part in (heads.query, heads.to_quantiles) for p in part.parameters())
    took = network_seconds(Path(shipped.folder) / "network.onnx", 64, 2)
    return [*rows, _share("ndvi-small", 64 * 2 * AHEAD * each, took, peak)]


def _share(name: str, operations: float, seconds: float, peak: float) -> Row:
    rate = operations / seconds / 1e9
    return {"name": f"network alone: {name}, one core", "gflops": rate, "percent_of_matrix_rate": 100 * rate / peak}


def network_seconds(path: Path, batch: int, length: int) -> float:
    session, draw = session_of(path, 1), np.random.default_rng(0)
    names = [i.name for i in session.get_inputs()]
    given = (
        draw.normal(size=(batch, length, TOKEN_FEATURES)).astype(np.float32),
        np.zeros((batch, length), np.bool_),
        draw.normal(size=(batch, AHEAD, QUERY_FEATURES)).astype(np.float32),
    )
    feeds = dict(zip(names, given, strict=True))
    return cpu_seconds(lambda: session.run(None, feeds))


def matrix_rate() -> float:
    """Return GFLOP/s of the same runtime's product of two square matrices on one core."""
    draw = np.random.default_rng(0)
    weight, given = (draw.normal(size=(EDGE, EDGE)).astype(np.float32) for _ in range(2))
    described = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [EDGE, EDGE]) for n in ("x", "y")]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        described[:1],
        described[1:],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=10)
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, Path(folder) / "product.onnx")
        session = session_of(Path(folder) / "product.onnx", 1)
    return 2 * EDGE**3 / cpu_seconds(lambda: session.run(None, {"x": given})) / 1e9


if __name__ == "__main__":
    main()
