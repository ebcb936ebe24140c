"""The report of a hindcast as text, page and JSON."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidOption
from evaluation.hindcast.report import render_json, render_page, render_text, write_blend, write_report
from models.baselines.blend import METHODS, parse_blend
from tests.evaluation.hindcast.waves import run, waves


def test_the_page_holds_every_figure_and_needs_nothing_else(tmp_path: Path) -> None:
    sample = replace(waves(), name="<b>waves</b>.csv", is_simulated=True)
    report = run(sample, years=2, is_blend_wanted=True)
    page = render_page(report)
    assert "<b>waves" not in page
    assert "Simulated data" in page
    assert "data:image/png;base64," in page
    assert 'src="http' not in page
    for method in (*METHODS, "blend"):
        assert f'<td class="name">{method}</td>' in page
        assert f"{report.scores[method]['all'].pinball:.4f}" in page
    write_report(report, tmp_path / "new" / "report.html")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["report.html"]
    with pytest.raises(InvalidOption, match=r"\.html or \.json"):
        write_report(report, tmp_path / "report.pdf")


def test_simulated_data_are_called_simulated() -> None:
    assert "Simulated data" in render_text(run(replace(waves(4), is_simulated=True)))
    assert "Simulated data" not in render_text(run(waves(4)))


def test_the_json_holds_every_figure(tmp_path: Path) -> None:
    report = run(waves(), years=2, is_blend_wanted=True)
    write_report(report, tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert content == json.loads(render_json(report))
    assert content["basis"]["model"] == "fake"
    assert content["scores"]["landcast"]["1-10"]["pinball"] == report.scores["landcast"]["1-10"].pinball
    assert set(content["skill"]["landcast"]["persistence"]["all"]) == {"value", "low", "high"}
    write_blend(report.blend, tmp_path / "blend.json")  # type: ignore[arg-type]
    assert json.loads((tmp_path / "blend.json").read_text()) == content["blend"]
    found = parse_blend(json.loads((tmp_path / "blend.json").read_text()))
    np.testing.assert_allclose(found.weights, report.blend.weights, atol=1e-4)  # type: ignore[union-attr]
