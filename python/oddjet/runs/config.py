"""Configuration: frozen models, and one clear sentence for a wrong file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from oddjet.runs.config_yaml import commented_yaml, dump_yaml, load_yaml
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ["ConfigModel", "commented_yaml", "dump_yaml", "load_yaml", "parse_config"]

Location = tuple[int | str, ...]
Model = TypeVar("Model", bound=BaseModel)


class ConfigModel(BaseModel):
    """Base of every configuration: frozen, finite, no unknown keys.

    A field says what it means with ``Field(description=...)``: the text
    becomes its comment in the file that `commented_yaml` writes.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
    )


def parse_config(
    model_cls: type[Model], mapping: Mapping[str, Any], *, source: str | Path
) -> Model:
    """Build a configuration from plain data, or say what is wrong with it.

    Parameters
    ----------
    model_cls : type
        The model to build.
    mapping : mapping
        Plain data, usually from `load_yaml`.
    source : str or Path
        Where the data come from, the first word of an error.

    Returns
    -------
    model_cls
        The validated instance.

    Raises
    ------
    UserError
        One sentence about the first problem: the source, the key and what it
        must be. Unknown keys come first, because they explain missing ones,
        and are told with the nearest known key.

    Examples
    --------
    >>> from pydantic import Field
    >>> class Counting(ConfigModel):
    ...     cr_efficiency: float = Field(0.01, gt=0)
    >>> parse_config(Counting, {"cr_efficency": 0.1}, source="search.yaml")
    Traceback (most recent call last):
    ...
    oddjet.runs.errors.UserError: search.yaml: cr_efficency is not a known key; did you mean cr_efficiency?
    """  # noqa: E501
    try:
        return model_cls.model_validate(dict(mapping))
    except ValidationError as error:
        problems = _problems(model_cls, mapping, error)
    others = len(problems) - 1
    more = f" (and {others} more problem{'s'[: others > 1]})" if others else ""
    message = f"{source}: {problems[0]}{more}"
    raise UserError(message)


def _problems(
    model_cls: type[BaseModel], mapping: Mapping[str, Any], error: ValidationError
) -> list[str]:
    """Say every problem in one sentence, one a place, unknown keys first."""
    unknown: list[str] = []
    places: dict[str, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        location = _location(mapping, details)
        if details["type"] == "extra_forbidden":
            unknown.append(_unknown_key(model_cls, location))
        else:
            places.setdefault(_dotted(location), []).append(details)
    return unknown + [_wrong_value(path, found) for path, found in places.items()]


def _location(mapping: Mapping[str, Any], details: ErrorDetails) -> Location:
    """Drop what pydantic adds to a location: the branch of a union."""
    node: object = mapping
    location: list[int | str] = []
    for part in details["loc"]:
        inside_mapping = isinstance(node, Mapping) and part in node
        inside_list = isinstance(node, list | tuple) and isinstance(part, int)
        if inside_mapping or inside_list:
            location.append(part)
            node = node[part]  # type: ignore[index]
    if details["type"] == "missing":
        location.append(details["loc"][-1])
    return tuple(location)


def _dotted(location: Location) -> str:
    """Write a location as people do: ``samples[0].path``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _unknown_key(model_cls: type[BaseModel], location: Location) -> str:
    """Name the known key that is nearest to an unknown one."""
    *parent, key = location
    siblings = [
        name
        for model in _models_at(model_cls, tuple(parent))
        for name in model.model_fields
    ]
    start = f"{_dotted(location)} is not a known key"
    if near := difflib.get_close_matches(str(key), siblings, n=1):
        return f"{start}; did you mean {_dotted((*parent, near[0]))}?"
    # A key with the right name in the wrong section.
    elsewhere = {path.rpartition(".")[2]: path for path in _known_paths(model_cls)}
    if near := difflib.get_close_matches(str(key), list(elsewhere), n=1):
        return f"{start}; did you mean {elsewhere[near[0]]}?"
    of_parent = f" of {_dotted(tuple(parent))}" if parent else ""
    return f"{start}; the keys{of_parent} are {', '.join(siblings)}"


def _models_at(model_cls: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    """Find the models that describe the mapping at a location."""
    models = [model_cls]
    for part in location:
        inner = [
            found
            for model in models
            if part in model.model_fields
            for found in _models_in(model.model_fields[str(part)].annotation)
        ]
        # An index or the key of a dict leads to the same models.
        models = inner or models
    return models


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Find the models that a type annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _known_paths(model_cls: type[BaseModel], prefix: str = "") -> list[str]:
    """List the dotted paths of all keys, those of nested models included."""
    paths = []
    for name, field in model_cls.model_fields.items():
        paths.append(f"{prefix}{name}")
        for model in _models_in(field.annotation):
            paths.extend(_known_paths(model, f"{prefix}{name}."))
    return paths


def _wrong_value(path: str, found: list[ErrorDetails]) -> str:
    """Say what a value must be and what it is.

    Several errors at one place are the branches of a union.
    """
    kind, value = found[0]["type"], found[0]["input"]
    if kind == "missing":
        return f"{path} is missing"
    demands = list(dict.fromkeys(_demand(details) for details in found))
    if all(demand.startswith("must ") for demand in demands):
        alternatives = " or ".join(demand.removeprefix("must ") for demand in demands)
        alternatives = alternatives.replace(" or be ", " or ")
        got = "" if kind in {"too_short", "too_long"} else f", got {_show(value)}"
        own = "" if kind in {"value_error", "assertion_error"} else got
        return f"{path} must {alternatives}{own}".lstrip()
    return f"{path}: {demands[0]}" if path else demands[0]


def _demand(details: ErrorDetails) -> str:
    """Turn pydantic's message into what the value must be."""
    kind, message = details["type"], details["msg"]
    if kind in {"model_type", "dict_type", "dataclass_type", "model_attributes_type"}:
        return "must be a mapping of keys"
    if kind in {"value_error", "assertion_error"}:
        return str(details["ctx"]["error"])
    if kind.endswith("_parsing") or kind == "int_from_float":
        message = message.partition(", ")[0]
    message = message.replace(" after validation", "")
    demand = re.sub(r"^\w+ should ", "must ", message)
    return demand if demand != message else message[0].lower() + message[1:]


def _show(value: object) -> str:
    """Show a value from a file, shortly."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
