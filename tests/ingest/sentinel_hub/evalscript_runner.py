"""Runs an evalscript (version 3) for real, in QuickJS, on arrays. Stands in for what Sentinel Hub does with it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import quickjs
from numpy.typing import NDArray

MARK = "//VERSION=3"
RUN = """
function __run(text) {
  const stated = JSON.parse(text);
  return JSON.stringify(stated.rows.map((row) => {
    const samples = {};
    stated.sources.forEach((source) => { samples[source.id] = source.is_there ? [{}] : []; });
    stated.columns.forEach((column, at) => {
      if (samples[column[0]].length > 0) { samples[column[0]][0][column[1]] = row[at]; }
    });
    const single = samples[stated.sources[0].id][0];
    return evaluatePixel(stated.is_fusion ? samples : single || stated.nothing);
  }));
}
"""
TYPES = {"UINT8": np.uint8, "UINT16": np.uint16, "FLOAT32": np.float32}

Samples = Mapping[str, Mapping[str, NDArray[Any]] | None]
"""Input to band to (Y, X) numbers; None in place of the bands = the input has no scene."""


class ScriptError(Exception):
    """The script is not one, or does not do what its set-up says."""


class Evalscript:
    """A parsed script."""

    def __init__(self, text: str) -> None:
        if not text.startswith(MARK):
            raise ScriptError(f"a script starts with {MARK}")
        self._context = quickjs.Context()
        try:
            self._context.eval(text)
            self.setup: dict[str, Any] = json.loads(self._context.eval("JSON.stringify(setup())"))
            self._context.eval(RUN)
        except quickjs.JSException as error:
            raise ScriptError(str(error)) from error

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """What `setup` asks for: `datasource` (may be missing), `bands`, `units` (may be missing)."""
        return [i if isinstance(i, dict) else {"bands": self.setup["input"]} for i in self.setup["input"]]

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        """What it gives, by id."""
        stated = self.setup["output"]
        return {o.get("id", "default"): o for o in (stated if isinstance(stated, list) else [stated])}

    def run(self, samples: Samples, shape_yx: tuple[int, int], *, is_fusion: bool) -> dict[str, NDArray[Any]]:
        """Return (Y, X, B) per output; each distinct tuple of input numbers is evaluated once."""
        columns = [(source, band) for source, bands in samples.items() for band in bands or {}]
        stacked = [np.asarray((samples[s] or {})[b], np.float64).ravel() for s, b in columns]
        table = np.stack(stacked, axis=1) if stacked else np.zeros((shape_yx[0] * shape_yx[1], 1))
        rows, place = np.unique(table, axis=0, return_inverse=True)
        results = self._evaluate(rows, columns, samples, is_fusion)
        return {i: self._image(i, o, results, place.reshape(-1), shape_yx) for i, o in self.outputs.items()}

    def _evaluate(
        self, rows: NDArray[np.float64], columns: Sequence[tuple[str, str]], samples: Samples, is_fusion: bool
    ) -> list[Any]:
        stated = {
            "rows": rows.tolist(),
            "columns": columns,
            "sources": [{"id": s, "is_there": b is not None} for s, b in samples.items()],
            "is_fusion": is_fusion,
            "nothing": {band: 0 for i in self.inputs for band in i["bands"]},
        }
        try:
            results = json.loads(self._context.get("__run")(json.dumps(stated)))
        except quickjs.JSException as error:
            raise ScriptError(str(error)) from error
        return [r if isinstance(r, dict) else {"default": r} for r in results]

    def _image(
        self, name: str, output: Mapping[str, Any], results: Sequence[Any], place: NDArray[Any], shape: tuple[int, int]
    ) -> NDArray[Any]:
        stated = [r.get(name) for r in results]
        if any(t is None or len(t) != output["bands"] for t in stated):
            raise ScriptError(f"evaluatePixel does not give {output['bands']} bands of '{name}'")
        kind = np.dtype(TYPES[output["sampleType"]])
        table = np.asarray([[0 if v is None else v for v in t] for t in stated], np.float64)
        if kind.kind == "u":
            table = np.clip(np.round(table), 0, np.iinfo(kind).max)
        return np.asarray(table[place].reshape(*shape, output["bands"]), kind)
