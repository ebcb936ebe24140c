"""Options of commands, made from the typed options of products."""

import inspect
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from cli.options import inputs_of, keyword, parameter, parameters, with_signature
from core.errors import InvalidOption
from core.options import Day, Days, Duration, FromCard, FromFile, InRange, Names, Options, PeriodOption, YesNo
from products.catalogue import PRODUCTS


class SampleOptions(Options):
    """An option of each type."""

    first_day: Day | None = Field(default=None, description="A day.")
    target_days: Days | None = Field(default=None, description="Days.")
    variables: Names = Field(default=(), description="Names.")
    horizon: Duration | None = Field(default=None, description="Days ahead.")
    change: PeriodOption | None = Field(default=None, description="Two dates.")
    share: Annotated[float, InRange(0, 1, "a share")] | None = Field(default=None, description="A share.")
    form: Literal["percent", "float"] | None = Field(default=None, description="A form.")
    sets: YesNo = Field(default=False, description="A flag.")
    blend: Annotated[dict[str, Any] | None, FromFile()] = Field(default=None, description="A file.")
    note: str | None = Field(default=None, description="A note.")
    width: Annotated[int, FromCard()] = 0


def option_of(made: inspect.Parameter) -> typer.models.OptionInfo:
    return made.annotation.__metadata__[0]


def test_there_is_a_parameter_for_each_option_but_those_of_the_card_and_those_left_out() -> None:
    made = parameters(SampleOptions, without=("period", "note"))
    expected = [n for n in SampleOptions.model_fields if n not in ("period", "note", "width")]
    assert [p.name for p in made] == expected
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in made)
    assert {p.name: p.default for p in made if p.default is not None} == {"sets": False}


def test_options_have_dashes_and_the_help_of_their_field() -> None:
    field = SampleOptions.model_fields["first_day"]
    made = [parameter("first_day", field), parameter("last_day", field, help_text="(crop) A day.")]
    app = typer.Typer(rich_markup_mode=None)
    app.command()(with_signature(lambda **_: None, made, name="sample", doc=""))
    found = {param.opts[0]: param for param in typer.main.get_command(app).params}
    assert [getattr(found[flag], "help", "") for flag in ("--first-day", "--last-day")] == ["A day.", "(crop) A day."]


@pytest.mark.parametrize(
    ("name", "metavar"),
    [
        ("period", "DATE/DATE"),
        ("first_day", "DATE"),
        ("target_days", "DATE,..."),
        ("variables", "NAME,..."),
        ("horizon", "DAYS"),
        ("change", "DATE/DATE"),
        ("share", "NUMBER"),
        ("form", "percent|float"),
        ("blend", "FILE.json"),
        ("note", "TEXT"),
    ],
)
def test_the_placeholder_of_a_value_follows_from_its_type(name: str, metavar: str) -> None:
    assert option_of(parameter(name, SampleOptions.model_fields[name])).metavar == metavar


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda p: p.id)
def test_no_option_of_a_product_has_the_placeholder_of_an_unknown_type(product: Any) -> None:
    made = [option_of(p).metavar for p in parameters(product.options) if p.default is None]
    assert made
    assert "TEXT" not in made


def test_a_command_made_from_options_passes_on_the_given_values(tmp_path: Path) -> None:
    given: dict[str, Any] = {}

    def run(**values: Any) -> None:
        given.update(inputs_of(SampleOptions, values))

    made = [*parameters(SampleOptions), keyword("place", Annotated[str, typer.Option("--place")], "here")]
    app = typer.Typer(rich_markup_mode=None)
    app.command()(with_signature(run, made, name="sample", doc="Make a sample."))
    (tmp_path / "blend.json").write_text('{"weights": [0.25, 0.75]}')
    words = ["--first-day", "2021-05-04", "--sets", "--blend", str(tmp_path / "blend.json"), "--place", "there"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert given == {"first_day": "2021-05-04", "sets": True, "blend": {"weights": [0.25, 0.75]}}
    assert "Make a sample." in CliRunner().invoke(app, ["--help"]).output


def test_inputs_that_were_not_given_are_left_out() -> None:
    assert inputs_of(SampleOptions, {"sets": False, "note": None, "place": "there"}) == {}
    assert inputs_of(SampleOptions, {"note": "", "width": 4}) == {"note": ""}


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("{", "it is not a JSON file")])
def test_a_file_that_cannot_be_read_is_refused_by_its_option(tmp_path: Path, content: str | None, reason: str) -> None:
    path = tmp_path / "blend.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidOption, match=f"blend.json' is not a valid value of '--blend': {reason}"):
        inputs_of(SampleOptions, {"blend": path})


def test_a_file_is_read_as_json_whatever_its_encoding_mark(tmp_path: Path) -> None:
    (tmp_path / "blend.json").write_bytes(json.dumps({"ä": 1}, ensure_ascii=False).encode("utf-8"))
    assert inputs_of(SampleOptions, {"blend": tmp_path / "blend.json"}) == {"blend": {"ä": 1}}
