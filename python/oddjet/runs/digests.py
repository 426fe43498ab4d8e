"""Digests of plain data and of files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import numbers
from collections.abc import Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from pydantic import BaseModel

__all__ = ["digest", "digest_file", "plain_data"]


def digest(value: object) -> str:
    """Give the sha256 of the canonical JSON text of plain data.

    Parameters
    ----------
    value : object
        Anything that `plain_data` accepts.

    Returns
    -------
    str
        64 hexadecimal digits. Order of keys does not matter, order of lists
        does; floats enter by `repr`, so 1 and 1.0 differ and no bit is lost.

    Examples
    --------
    >>> digest({"a": 1, "b": (2, 3)}) == digest({"b": [2, 3], "a": 1})
    True
    """
    text = json.dumps(
        plain_data(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def digest_file(path: Path | str) -> str:
    """Give the sha256 of the bytes of a file, as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain_data(value: object) -> Any:
    """Reduce a value to what JSON can say: dict, list, str, number, bool, None.

    Models and dataclasses become dicts of their fields, tuples lists, NumPy
    scalars numbers, enumeration members their values.

    Raises
    ------
    TypeError
        A path, because what a result depends on is the content of a file and
        never its place; or any type without one evident text (sets, bytes,
        arrays, keys that are no strings).
    """
    if isinstance(value, Enum):
        return plain_data(value.value)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, list | tuple):
        return [plain_data(entry) for entry in value]
    return {key: plain_data(entry) for key, entry in _entries(value)}


def _entries(value: object) -> list[tuple[str, object]]:
    """List the named entries of a model, a dataclass or a mapping."""
    if isinstance(value, BaseModel):
        return [(name, getattr(value, name)) for name in type(value).model_fields]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                message = f"digest: keys must be strings, got {key!r}"
                raise TypeError(message)
        return list(value.items())
    if isinstance(value, PurePath):
        message = (
            f"digest: a path has no digest, got {str(value)!r};"
            " use the digest of the file's content"
        )
        raise TypeError(message)
    message = f"digest: {type(value).__name__} is not plain data, got {value!r}"
    raise TypeError(message)
