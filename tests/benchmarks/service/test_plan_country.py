"""The benchmark of planning a country, with a small one."""

import pytest

from benchmarks.service.plan_country import Fleet, main, outline, simulate

ONE = Fleet(workers=1, read_s=2.0, series_per_s=100.0, eur_per_hour=1.0)


def test_a_small_country_is_planned_and_its_carrying_out_called_a_simulation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["plan_country.py", "--hectares", "1e5", "--cpus", "3", "--gpus", "1"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("SIMULATED outline of 0.1 million hectares")
    assert any(line.startswith("SIMULATION of carrying it out") for line in lines)
    assert [line.split(" | ")[0] for line in lines[-3:]] == ["| 3 CPU", "| 1 GPU", "| both"]


def test_the_outline_has_the_area_that_was_given() -> None:
    assert outline(5e6).area_km2 == pytest.approx(50_000, rel=0.02)


def test_one_worker_takes_the_sum_of_all_stages() -> None:
    found = simulate([3, 2], 300.0, 10.0, [ONE])
    assert found.hours == pytest.approx((5 * (2 + 3) + 2 * 10) / 3600)
    assert found.euros == pytest.approx(found.hours)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.bottleneck == "writing results"


def test_more_workers_take_less_time_and_no_sheet_is_written_before_its_tiles_are_done() -> None:
    many = Fleet(workers=5, read_s=2.0, series_per_s=100.0, eur_per_hour=1.0)
    assert simulate([5], 300.0, 10.0, [many]).hours == pytest.approx(15 / 3600)
