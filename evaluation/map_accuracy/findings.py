"""The findings of a map assessment as sentences: which figures have no interval, and which intervals are doubtful."""

from collections.abc import Iterator

from evaluation.map_accuracy.assess import MapAccuracy
from outputs.reports.numbers import percent

FEW_POINTS = 20
"""Below so many points in a class the normal approximation of its interval is poor (Cochran 1977, section 3.6)."""


def findings(found: MapAccuracy) -> list[str]:
    """Return the sentences; none where every figure has an interval that can be relied on."""
    return [*_strata(found), *_classes(found), *_shared_pixels(found)]


def _strata(found: MapAccuracy) -> Iterator[str]:
    covered = found.assessment.covered
    if covered < 1 - 1e-6:
        empty = ", ".join(s.name for s in found.strata if not s.points)
        reason = f"no point lies in {empty}" if empty else "the weights of the strata sum to less than 1"
        yield (
            f"All figures describe {percent(covered, decimals=2)} of the mapped area, {found.assessed_ha:,.2f} ha. The "
            f"rest has no estimate, because {reason}. Draw points there too."
        )
    for stratum in found.strata:
        if stratum.points == 1:
            yield (
                f"The stratum {stratum.name} has 1 point, so the figures that need it have no interval, overall "
                "accuracy and areas among them. Draw at least 2 points in it, better 50."
            )


def _classes(found: MapAccuracy) -> Iterator[str]:
    a = found.assessment
    for k, c in enumerate(found.classes):
        mapped, true = int(a.counts[k].sum()), int(a.counts[:, k].sum())
        if not mapped:
            reason = "no point lies on this class in the map" if c.pixels else "no pixel is mapped as this class"
            yield f"{c.name}: user's accuracy is not defined, because {reason}."
        elif mapped == 1 and a.users[k].standard_error >= 0:
            yield (
                f"{c.name}: only 1 point lies on this class in the map, so do not rely on the interval of its user's "
                "accuracy."
            )
        elif a.users[k].standard_error == 0 and a.users[k].value == 1:
            yield (
                f"{c.name}: all {mapped} points on this class in the map agree with it, and an interval of width 0 is "
                f"too narrow. A user's accuracy as low as {0.025 ** (1 / mapped):.2f} is possible (exact 95 % "
                "interval)."
            )
        elif 1 < mapped < FEW_POINTS:
            yield f"{c.name}: only {mapped} points lie on this class in the map, so its intervals are rough."
        if not true:
            yield (
                f"{c.name}: no reference point has this class, so producer's accuracy is not defined and the estimated "
                "area of 0 is uncertain."
            )


def _shared_pixels(found: MapAccuracy) -> Iterator[str]:
    if found.shared:
        yield (
            f"{found.shared:,} points share a pixel with another point. Unless the sample was drawn that way, the "
            "intervals are too narrow."
        )
