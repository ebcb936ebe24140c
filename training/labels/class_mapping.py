"""Which class of a model each value of a label file means: the option --classes, read and applied. No files."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from models.training_set import Labels
from training.labels.read_file import MAX_NAMES

CLASSES = {"canopy": ("none", "conifer", "broadleaf"), "crop": ("non_crop", "crop")}
"""Classes of each product, in the order of their codes."""
LEAVE_OUT = "-"
"""Class of values that are not learned from."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
"""A class becomes part of the names of bands and columns."""
MAX_CLASSES = 32
UNMAPPED = np.iinfo(np.int8).min


@dataclass(frozen=True, kw_only=True)
class ClassMap:
    """Classes of a model, and the values of a file that mean them."""

    classes: tuple[str, ...]
    """Names in the order of their codes."""
    codes: Mapping[str, int]
    """Value in lower case -> code; -1 = leave out."""

    def apply(self, values: NDArray[np.str_], file: str) -> Labels:
        """Return (N,) codes, -1 where a value is left out.

        Raises:
            InvalidOption: values that mean no class, with how often each occurs.
        """
        codes = np.array([self.codes.get(v.casefold(), UNMAPPED) for v in values], np.int8)
        unknown, counts = np.unique(values[codes == UNMAPPED], return_counts=True)
        if len(unknown):
            order = np.argsort(-counts, kind="stable")[:MAX_NAMES]
            found = ", ".join(f"{unknown[i]} ({counts[i]})" for i in order)
            more = f" and {len(unknown) - MAX_NAMES} more" if len(unknown) > MAX_NAMES else ""
            example = f'--classes "{unknown[order[0]]}={self.classes[0]},..."'
            raise InvalidOption(
                "--labels",
                file,
                f"the classes are {', '.join(self.classes)}, and none of them is named by {found}"
                f"{more}; map each value by {example}, those to be left out to {LEAVE_OUT}",
            )
        return codes


def parse_classes(text: str, task: str) -> ClassMap:
    """Read `VALUE=CLASS,VALUE=CLASS,...`; an item without `=` is value and class in one.

    Classes' names stand for themselves, and where nothing is mapped so do the codes of the product's own classes.

    A value with a comma stands in double quotes: `"Conifer, young=conifer"`. Classes of `crop` may be others than its
    own; then the model has those, in the order in which they are named.

    Raises:
        InvalidOption: a class that the task does not have, a name that cannot be one, a value named twice, or fewer
            than two classes.
    """
    own = CLASSES[task]
    pairs = _pairs(text)
    wanted = tuple(dict.fromkeys(name for _, name in pairs if name != LEAVE_OUT))
    is_own = set(wanted) <= set(own)
    if not is_own:
        _check_names(wanted, task)
    classes = own if is_own else wanted
    codes = {value.casefold(): classes.index(name) if name != LEAVE_OUT else -1 for value, name in pairs}
    if len(codes) < len(pairs):
        twice = next(v for i, (v, _) in enumerate(pairs) if v.casefold() in {o.casefold() for o, _ in pairs[:i]})
        raise InvalidOption("--classes", text, f"it names the value '{twice}' twice")
    return ClassMap(classes=classes, codes={**_usual(classes, is_mapped=bool(pairs)), **codes})


def _usual(classes: Sequence[str], *, is_mapped: bool) -> dict[str, int]:
    """Return values that need no mapping: the classes' names, and their codes where nothing is mapped at all."""
    names = {name.casefold(): code for code, name in enumerate(classes)}
    return names if is_mapped else {**names, **{str(code): code for code in range(len(classes))}}


def _pairs(text: str) -> list[tuple[str, str]]:
    items = [item.strip() for item in next(csv.reader([text], skipinitialspace=True), []) if item.strip()]
    return [_pair(item, text) for item in items]


def _pair(item: str, text: str) -> tuple[str, str]:
    if "=" not in item:
        return item, re.sub(r"[^A-Za-z0-9]+", "_", item).strip("_").lower()
    value, _, name = (part.strip() for part in item.rpartition("="))
    if not value or not name:
        raise InvalidOption("--classes", text, "it is a list VALUE=CLASS,VALUE=CLASS,...")
    return value, name


def _check_names(wanted: Sequence[str], task: str) -> None:
    if task != "crop":
        strange = next(name for name in wanted if name not in CLASSES[task])
        raise InvalidOption("--classes", strange, f"the classes of {task} are {', '.join(CLASSES[task])}")
    for name in wanted:
        if not NAME.fullmatch(name):
            raise InvalidOption("--classes", name, "a class has up to 32 letters, digits and underscores")
    if not 2 <= len(wanted) <= MAX_CLASSES:
        raise InvalidOption("--classes", ",".join(wanted), f"a model has 2 to {MAX_CLASSES} classes")
