"""Claim: trees by bits (models/inference/fast_trees.py) are the quickest of four forms of the same trees, which agree.

    python -m benchmarks.speed.trees [--rounds 300] [--series 1024] [--out rows.json]

Trees of the shape that class models have, grown by LightGBM for three classes on random features, a fifth unseen. Then
microseconds of processor time for a series and a thousand trees: by bits; as matrix products, as the graphs hold them;
ONNX Runtime's TreeEnsemble; LightGBM's own predictor. Each on one core.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightgbm
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper

from benchmarks.paired import Row, cpu_seconds, kept, parser
from benchmarks.speed.engine import session_of
from core.bands import Floats
from models.inference.fast_trees import FastTrees
from models.network.class_features import CLASS_FEATURES
from models.network.class_network import ClassConfig, Grown, Trees, tree_inputs
from models.network.earthpt import SIZES
from models.network.tree_inputs import ABSENT
from models.network.trees import AS_THEY_ARE, PARAMETERS, as_arrays

CLASSES, EXAMPLES = 3, 2000


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=300)
    options.add_argument("--series", type=int, default=1024)
    chosen = options.parse_args()
    booster, grown = boosted(chosen.rounds)
    queries = queries_of(chosen.series)
    features = np.where(queries[:, CLASS_FEATURES:] > 0, queries[:, :CLASS_FEATURES], np.nan)
    with TemporaryDirectory() as folder:
        ensemble = ensemble_of(booster, Path(folder) / "trees.onnx")
    fast, products = FastTrees(vars(grown), 1.0), network_trees(grown)
    forms: dict[str, Any] = {
        "by bits": lambda: fast.logits(queries),
        "matrix products": lambda: products(queries),
        "TreeEnsemble": lambda: ensemble.run(None, {"x": features.astype(np.float32)})[0],
        "LightGBM": lambda: booster.predict(features.astype(np.float64), raw_score=True, num_threads=1),
    }
    expected, rows = forms["LightGBM"](), []
    for name, work in forms.items():
        micros = 1e6 * cpu_seconds(work, repeats=5) / chosen.series / len(grown.feature) * 1000
        apart = float(np.abs(work() - expected).max())
        rows.append(Row(name=f"trees: {name}", microseconds_of_1000_trees=micros, largest_difference=apart))
    for row in rows[1:]:
        row["times_by_bits"] = row["microseconds_of_1000_trees"] / rows[0]["microseconds_of_1000_trees"]
    kept(rows, chosen.out)


def boosted(rounds: int) -> tuple[lightgbm.Booster, Grown]:
    """Return trees as LightGBM has them, and as arrays."""
    draw = np.random.default_rng(0)
    features = draw.normal(size=(EXAMPLES, CLASS_FEATURES))
    labels = np.digitize(features[:, 3] + features[:, 40] * features[:, 7] + draw.normal(size=EXAMPLES), (-0.7, 0.7))
    features[draw.random(features.shape) < 0.2] = np.nan
    task = {"objective": "multiclass", "num_class": CLASSES, "num_threads": 1, "feature_fraction": 0.3}
    data = lightgbm.Dataset(features.astype(np.float32).astype(np.float64), label=labels)
    booster = lightgbm.train({**PARAMETERS, **AS_THEY_ARE, **task}, data, num_boost_round=rounds)
    return booster, as_arrays(booster.dump_model()["tree_info"], CLASS_FEATURES, CLASSES)


def queries_of(count: int) -> Floats:
    """Return (N, 2 F) queries of long histories of which a fifth of the features is unseen."""
    draw = np.random.default_rng(1)
    flags = (draw.random((count, CLASS_FEATURES)) > 0.2).astype(np.float32)
    values = draw.normal(size=flags.shape).astype(np.float32) * flags
    return np.concatenate([values, flags], axis=1)


def network_trees(grown: Grown) -> Any:
    """Return the trees as a graph of matrix products, as class networks hold them."""
    shape = (*grown.feature.shape, grown.depth.shape[1])
    trees = Trees(ClassConfig(classes=CLASSES, trunk=SIZES["tiny"], trees=shape))
    trees.load_state_dict({name: torch.from_numpy(value) for name, value in vars(grown).items()})

    class FromQueries(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trees = trees

        def forward(self, queries: torch.Tensor) -> torch.Tensor:
            return self.trees(tree_inputs(queries))

    with TemporaryDirectory() as folder:
        path = Path(folder) / "products.onnx"
        batch = {0: torch.export.Dim("batch", min=1, max=4096)}
        given = torch.from_numpy(queries_of(64))
        program = torch.onnx.export(FromQueries(), (given,), dynamo=True, dynamic_shapes=(batch,), verbose=False)
        onnx.save(program.model_proto, path)
        session = session_of(path, 1)
    name = session.get_inputs()[0].name

    def answer(queries: Floats) -> Floats:
        parts = [session.run(None, {name: queries[i : i + 64]})[0] for i in range(0, len(queries), 64)]
        return np.concatenate(parts)

    return answer


def ensemble_of(booster: lightgbm.Booster, path: Path) -> onnxruntime.InferenceSession:
    """Return the same trees as ONNX Runtime's TreeEnsemble."""
    nodes: dict[str, list[Any]] = {f"nodes_{n}": [] for n in NODE_LISTS}
    leaves: dict[str, list[Any]] = {f"target_{n}": [] for n in ("treeids", "nodeids", "ids", "weights")}
    for tree in booster.dump_model()["tree_info"]:
        _add(tree["tree_structure"], tree["tree_index"], nodes, leaves)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=CLASSES, **nodes, **leaves
    )
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node],
        "trees",
        [value("x", onnx.TensorProto.FLOAT, [None, CLASS_FEATURES])],
        [value("y", onnx.TensorProto.FLOAT, [None, CLASSES])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return session_of(path, 1)


NODE_LISTS = (
    "treeids",
    "nodeids",
    "featureids",
    "values",
    "modes",
    "truenodeids",
    "falsenodeids",
    "missing_value_tracks_true",
)


def _add(part: dict[str, Any], tree: int, nodes: dict[str, list[Any]], leaves: dict[str, list[Any]]) -> int:
    """Add a split or leaf with all that is below, and return its number."""
    number = sum(t == tree for t in nodes["nodes_treeids"])
    at, is_leaf = len(nodes["nodes_treeids"]), "split_feature" not in part
    unseen_left = (
        0 if is_leaf else int(part["default_left"] if part["missing_type"] == "NaN" else part["threshold"] >= 0)
    )
    limit = 0.0 if is_leaf else _below(part["threshold"])
    facts = (tree, number, part.get("split_feature", 0), limit, "LEAF" if is_leaf else "BRANCH_LEQ", 0, 0, unseen_left)
    for name, fact in zip(NODE_LISTS, facts, strict=True):
        nodes[f"nodes_{name}"].append(fact)
    if is_leaf:
        for name, fact in zip(leaves, (tree, number, tree % CLASSES, part["leaf_value"]), strict=True):
            leaves[name].append(fact)
    else:
        nodes["nodes_truenodeids"][at] = _add(part["left_child"], tree, nodes, leaves)
        nodes["nodes_falsenodeids"][at] = _add(part["right_child"], tree, nodes, leaves)
    return number


def _below(limit: float) -> float:
    """Return a limit as float32, within what features can be."""
    return float(np.float32(min(max(limit, 1 - ABSENT), ABSENT - 1)))


if __name__ == "__main__":
    main()
