"""Months and days of the proleptic Gregorian calendar by whole numbers, as tensors; twin of core/timeline.py.

Algorithms: Hinnant, chrono-Compatible Low-Level Date Algorithms, https://howardhinnant.github.io/date_algorithms.html.
"""

from torch import Tensor

ERA_DAYS = 146_097
"""Days of 400 years."""
EPOCH_DAYS = 719_468
"""Days from 0000-03-01 to 1970-01-01."""


def months_since_1970(days: Tensor) -> Tensor:
    """Return the calendar month of each day; January 1970 = 0, and modulo 12 the month of the year, January = 0."""
    shifted = days + EPOCH_DAYS
    era = shifted // ERA_DAYS
    of_era = shifted - era * ERA_DAYS
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    return (year + era * 400 - 1970) * 12 + from_march + 2


def first_days(months: Tensor) -> Tensor:
    """Return the first day of each month, in days since 1970-01-01."""
    from_march = (months - 2) % 12
    years = (months - 2 - from_march) // 12 + 1970
    era = years // 400
    year = years - era * 400
    of_year = (153 * from_march + 2) // 5
    return era * ERA_DAYS + year * 365 + year // 4 - year // 100 + of_year - EPOCH_DAYS
