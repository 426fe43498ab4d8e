"""Configuration as YAML text: read safely, write readably, write with comments."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["commented_yaml", "dump_yaml", "load_yaml"]

COMMENT_WIDTH = 80


class _Loader(yaml.SafeLoader):
    """Plain data only, no duplicate keys, and 1e-3 is a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            # YAML lets the last of two equal keys win without a word.
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key {key.value} appears twice"
                raise yaml.constructor.ConstructorError(
                    problem=problem, problem_mark=key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 takes 1e-3 and 1.5e3 for text: they lack a decimal point or a sign.
_EXPONENT = re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$")
_FLOAT = "tag:yaml.org,2002:float"
_Loader.add_implicit_resolver(_FLOAT, _EXPONENT, list("-+.0123456789"))


class _Dumper(yaml.SafeDumper):
    """Lists of scalars on one line, everything else in blocks."""


# So that a text that looks like such a number is written in quotes.
_Dumper.add_implicit_resolver(_FLOAT, _EXPONENT, list("-+.0123456789"))


def _represent_list(dumper: _Dumper, data: list[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(entry, dict | list) for entry in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)


_Dumper.add_representer(list, _represent_list)


def load_yaml(path: Path | str) -> dict[str, Any]:
    """Read a YAML file that holds one mapping, as plain data.

    An empty file is an empty mapping.

    Raises
    ------
    UserError
        The file cannot be read, is no YAML, has a key twice, or holds
        something else than a mapping.
    """
    path = Path(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise UserError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text"
        raise UserError(message) from error
    except yaml.YAMLError as error:
        message = f"{path}{_where(error)}: {_what(error)}"
        raise UserError(message) from error
    except ValueError as error:  # such as a date in a thirteenth month
        message = f"{path}: a value cannot be read: {error}"
        raise UserError(message) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        message = (
            f"{path}: a configuration is a mapping of keys to values,"
            f" got a {type(content).__name__}"
        )
        raise UserError(message)
    return content


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _what(error: yaml.YAMLError) -> str:
    return getattr(error, "problem", None) or " ".join(str(error).split())


def dump_yaml(model: BaseModel) -> str:
    """Write a configuration as YAML text, keys in the order of their definition.

    `load_yaml` and `parse_config` read it back to an equal configuration.
    """
    return _dump(model.model_dump(mode="json"))


def commented_yaml(model: BaseModel | type[BaseModel]) -> str:
    """Write a configuration with the description of each field as a comment.

    Parameters
    ----------
    model : instance or class
        An instance gives its values. A class gives its defaults, the first
        of ``Field(examples=[...])`` where a field has no default, or else an
        empty value marked as required.

    Returns
    -------
    str
        YAML text; the docstring of the model heads it. Fields of a base class come
        after a model's own.
    """
    summary = (model.__doc__ or "").partition("\n\n")[0]
    sections = [_comment(summary, indent="")] if summary else []
    return "\n".join([*sections, *_field_texts(model, indent="")])


def _is_model(value: object) -> TypeGuard[BaseModel | type[BaseModel]]:
    """Whether a value is a model or the class of one."""
    return isinstance(value, BaseModel) or (
        isinstance(value, type) and issubclass(value, BaseModel)
    )


def _field_texts(model: BaseModel | type[BaseModel], *, indent: str) -> list[str]:
    """Write each field of a model."""
    model_cls = model if isinstance(model, type) else type(model)
    fields = model_cls.model_fields
    return [
        _field_text(
            name, fields[name], _value(model, name, fields[name]), indent=indent
        )
        for name in _own_first(model_cls)
    ]


def _own_first(model_cls: type[BaseModel]) -> list[str]:
    """List the fields of a model: first what is to be filled in, its own."""
    names = [name for cls in model_cls.__mro__ for name in inspect.get_annotations(cls)]
    return [name for name in dict.fromkeys(names) if name in model_cls.model_fields]


def _value(model: BaseModel | type[BaseModel], name: str, field: FieldInfo) -> object:
    """Take a field's value, default, example or nested class, or `...`."""
    if isinstance(model, BaseModel):
        return getattr(model, name)
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is not PydanticUndefined:
        return default
    if field.examples:
        return field.examples[0]
    return field.annotation if _is_model(field.annotation) else ...


def _field_text(name: str, field: FieldInfo, value: object, *, indent: str) -> str:
    """Write the comment and the value of one field, ending in a newline."""
    comment = _comment(_explanation(field), indent=indent)
    if value is ...:
        return f"{comment}{indent}{name}:  # required\n"
    if not _is_model(value):
        plain = to_jsonable_python(value)
        return comment + textwrap.indent(_dump({name: plain}), indent)
    inner = "".join(_field_texts(value, indent=f"{indent}  "))
    return f"{comment}{indent}{name}:\n{inner}"


def _explanation(field: FieldInfo) -> str:
    """Give the description of a field, with the choices that it does not name."""
    text = field.description or ""
    if get_origin(field.annotation) is Literal:
        choices = [str(choice) for choice in get_args(field.annotation)]
        if len(choices) > 1 and not all(choice in text for choice in choices):
            text = f"{text.rstrip('.')}; one of {', '.join(choices)}".lstrip("; ")
    return text


def _comment(text: str, *, indent: str) -> str:
    """Wrap a text into comment lines, each ending in a newline."""
    lines = textwrap.wrap(
        " ".join(text.split()),
        width=COMMENT_WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "".join(f"{line}\n" for line in lines)


def _dump(plain: dict[str, Any]) -> str:
    return yaml.dump(
        plain,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=COMMENT_WIDTH,
        default_flow_style=False,
    )
