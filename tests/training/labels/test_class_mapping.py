"""Which class each value of a label file means."""

import numpy as np
import pytest

from core.errors import InvalidOption
from training.labels.class_mapping import parse_classes


def test_classes_of_canopy_are_its_own_and_codes_stand_for_them_where_nothing_is_mapped() -> None:
    own = parse_classes("", "canopy")
    assert own.classes == ("none", "conifer", "broadleaf")
    assert own.apply(np.array(["Conifer", "0", "broadleaf"]), "f").tolist() == [1, 0, 2]
    mapped = parse_classes('Conifer=conifer,"Mixed, mainly conifer"=-,Felled=none', "canopy")
    values = np.array(["conifer", "Mixed, mainly conifer", "FELLED", "broadleaf"])
    assert mapped.apply(values, "f").tolist() == [1, -1, 0, 2]


def test_values_that_mean_no_class_are_listed_with_how_often_they_occur() -> None:
    mapped = parse_classes("Conifer=conifer", "canopy")
    with pytest.raises(InvalidOption, match=r"is named by Urban \(2\), 1 \(1\); map each value by --classes \"Urban="):
        mapped.apply(np.array(["Urban", "Conifer", "Urban", "1"]), "nfi.gpkg")


def test_a_crop_model_may_have_other_classes_in_the_order_in_which_they_are_named() -> None:
    mapped = parse_classes("110=wheat,120=wheat,Silage maize,grass=grass,999=-", "crop")
    assert mapped.classes == ("wheat", "silage_maize", "grass")
    assert mapped.apply(np.array(["120", "silage Maize", "999", "grass"]), "f").tolist() == [0, 1, -1, 2]


@pytest.mark.parametrize(
    ("text", "task", "sentence"),
    [
        ("Oak=oak", "canopy", "the classes of canopy are none, conifer, broadleaf"),
        ("A=conifer,a=none", "canopy", "names the value 'a' twice"),
        ("A=", "canopy", "VALUE=CLASS"),
        ("A=wheat", "crop", "2 to 32 classes"),
        ("A=winter wheat,B=maize", "crop", "letters, digits and underscores"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(text: str, task: str, sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        parse_classes(text, task)
