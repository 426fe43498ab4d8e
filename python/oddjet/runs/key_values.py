"""Plain `key = value` text, which C++ reads with its standard library."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["key_value_text", "parse_key_values"]


def key_value_text(facts: Mapping[str, object]) -> str:
    """Write facts as lines of `key = value`, in the order given.

    Parameters
    ----------
    facts : mapping
        Text, numbers, truth values, or sequences of them (separated by spaces);
        nested mappings become dotted keys.

    Returns
    -------
    str
        One line a fact, each ended by a newline.

    Raises
    ------
    ValueError
        A key or value that would not come back: line breaks, an equals sign in a
        key, a key that stands twice.

    Examples
    --------
    >>> print(key_value_text({"training": {"epochs": 8, "widths": (32, 64)}}), end="")
    training.epochs = 8
    training.widths = 32 64
    """
    text = "".join(f"{key} = {text}\n" for key, text in _flattened(facts, ""))
    parse_key_values(text)  # refuses keys that dots made equal
    return text


def parse_key_values(text: str) -> dict[str, str]:
    """Read what `key_value_text` wrote, values as text.

    Raises
    ------
    ValueError
        A line without `=`, or a key that stands twice.
    """
    facts: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or key in facts:
            problem = "repeats a key" if equals else "is not `key = value`"
            message = f"the line {line!r} {problem}"
            raise ValueError(message)
        facts[key] = value
    return facts


def _flattened(facts: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    lines = []
    for name, value in facts.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            lines += _flattened(value, f"{key}.")
            continue
        text = _text(value)
        if "=" in key or len(f"{key}{text}".splitlines()) > 1:
            message = f"{key!r} with value {text!r} does not fit into one line of text"
            raise ValueError(message)
        lines.append((key, text))
    return lines


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        # Lists of lists, such as the widths of blocks, keep their structure.
        nested = any(isinstance(item, list | tuple) for item in value)
        return (" | " if nested else " ").join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
