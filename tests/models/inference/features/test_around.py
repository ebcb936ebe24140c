"""What was seen around dates."""

import torch

from models.inference.features.around import course, near, weighted

DAYS = torch.tensor([[100, 110, 110, 130, 130]], dtype=torch.int32)
SEEN = torch.tensor([[True, True, True, True, False]])
Y = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.0]], dtype=torch.float64)


def test_weighted_means_count_what_was_seen() -> None:
    columns = torch.tensor([[[1.0, 0.4], [1.0, 0.8], [0.0, 0.0]]])
    count, (mean,) = weighted(torch.tensor([[[1.0, 3.0, 9.0], [0.0, 0.0, 9.0]]]), columns)
    torch.testing.assert_close(count, torch.tensor([[4.0, 0.0]], dtype=torch.float64))
    torch.testing.assert_close(mean, torch.tensor([[0.7, 0.0]], dtype=torch.float64), atol=1e-6, rtol=0)


def test_neighbours_are_the_last_observation_up_to_a_date_and_the_first_after_it() -> None:
    targets = torch.tensor([[99, 110, 120, 131]], dtype=torch.int32)
    base = torch.zeros(1, 4, dtype=torch.float64)
    *_, (before, _), (after, _), (_, is_inside) = near(DAYS, Y, SEEN, targets, base)
    assert before[0].tolist() == [0.0, 0.3, 0.3, 0.4]
    assert after[0].tolist() == [0.1, 0.4, 0.4, 0.0]
    assert is_inside[0].tolist() == [0.0, 1.0, 1.0, 0.0]


def test_weeks_without_an_observation_are_nothing() -> None:
    value, departure, known = course(DAYS, Y, Y, SEEN, torch.tensor([136], dtype=torch.int32))
    assert abs(float(value[0, 0] / known[0, 0]) - 0.4) < 0.02
    assert torch.equal(value, departure)
    assert float(known[0, 9]) < 0.1
