"""Options of a command, made from the typed options of products: their names, help texts and values."""

import inspect
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from core.errors import InvalidOption
from core.options import FromFile, Options, marker
from core.timeline import Period

METAVARS: Mapping[type, str] = {Period: "DATE/DATE", date: "DATE", float: "NUMBER", int: "DAYS"}
"""Placeholders of values in the help, by the type of the field."""


def parameters(options: type[Options], *, without: Iterable[str] = ()) -> list[inspect.Parameter]:
    """Return a keyword parameter for typer for each field that an order may set."""
    left_out = set(without)
    return [parameter(name, field) for name, field in options.choices().items() if name not in left_out]


def parameter(name: str, field: FieldInfo, *, help_text: str = "") -> inspect.Parameter:
    """Return the parameter of one field: a flag, a file, or a text that the product's options read."""
    flag, text = f"--{name.replace('_', '-')}", help_text or str(field.description)
    if field.annotation is bool:
        annotation: Any = Annotated[bool, typer.Option(flag, help=text)]
        return keyword(name, annotation, default=False)
    if marker(field, FromFile):
        return keyword(name, Annotated[Path | None, typer.Option(flag, metavar="FILE.json", help=text)], default=None)
    return keyword(name, Annotated[str | None, typer.Option(flag, metavar=_metavar(field), help=text)], default=None)


def inputs_of(options: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of an order from the values of a command; False and None count as not given.

    Raises:
        InvalidOption: a file cannot be read as JSON.
    """
    given = {n: values[n] for n in options.choices() if values.get(n) not in (None, False)}
    return {n: _content(n, v) if isinstance(v, Path) else v for n, v in given.items()}


def with_signature(function: Any, parameters: list[inspect.Parameter], *, name: str, doc: str) -> Any:
    """Return a function of keywords with a signature that typer reads."""
    function.__signature__ = inspect.Signature(parameters)
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    function.__name__, function.__doc__ = name, doc
    return function


def keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """Return a keyword parameter."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _content(name: str, path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not a JSON file ({error})"
        raise InvalidOption(f"--{name}", path, str(reason)) from None


def _metavar(field: FieldInfo) -> str:
    """Return the placeholder of the value in the help, by the field's type."""
    kinds = list(_types(field.annotation))
    choices = [k for k in kinds if get_origin(k) is Literal]
    if choices:
        return "|".join(get_args(choices[0]))
    if tuple in kinds:
        return "DATE,..." if date in kinds else "NUMBER,..." if float in kinds else "NAME,..."
    return next((word for kind, word in METAVARS.items() if kind in kinds), "TEXT")


def _types(annotation: Any) -> Iterable[Any]:
    """Yield the types inside an annotation: members of unions, origins of generics, what Annotated adds."""
    origin = get_origin(annotation)
    yield annotation
    if origin is not None:
        yield origin
        for part in get_args(annotation):
            yield from _types(part)
