"""What a model was made for, as `key = value` text: the form that all specs share."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

from oddjet.runs.key_values import parse_key_values

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ALGORITHMS", "SpecText"]

ALGORITHMS = ("antikt", "kt", "cambridge_aachen")


class SpecText:
    """Base of frozen dataclasses whose attributes are text, numbers and tuples."""

    def to_text(self) -> str:
        """Write the spec as lines of `key = value`; lists are separated by spaces.

        Returns
        -------
        str
            One line per attribute, each ended by a newline.
        """
        return "".join(f"{key} = {text}\n" for key, text in self._texts().items())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote.

        Parameters
        ----------
        text : str
            Lines of `key = value`, every key once; empty lines are skipped.

        Returns
        -------
        FeatureSpec or LundSpec
            Of the class that is asked.

        Raises
        ------
        ValueError
            An unknown, missing or doubled key, a line without `=`, or a value that
            does not fit.
        """
        try:
            values = parse_key_values(text)
        except ValueError as error:
            message = f"{cls.__name__}: {error}"
            raise ValueError(message) from None
        names = cls._names()
        if sorted(values) != sorted(names):
            message = (
                f"{cls.__name__}: the text must have the keys {', '.join(names)}, "
                f"got {', '.join(values)}"
            )
            raise ValueError(message)
        return cls(**{name: cls._parsed(name, values[name]) for name in names})

    def differences(self, other: SpecText) -> list[str]:
        """Say what differs between two specs.

        Parameters
        ----------
        other : FeatureSpec or LundSpec

        Returns
        -------
        list of str
            One sentence per attribute that differs; empty for equal specs.
        """
        if type(other) is not type(self):
            return [f"{type(self).__name__} here and {type(other).__name__} there"]
        mine, theirs = self._texts(), other._texts()
        return [
            f"{key} is {mine[key]} here and {theirs[key]} there"
            for key in mine
            if mine[key] != theirs[key]
        ]

    def raise_problems(self) -> None:
        """Raise a ValueError for the first of `problems`."""
        for problem in self.problems():
            message = f"{type(self).__name__}: {problem}"
            raise ValueError(message)

    def problems(self) -> list[str]:
        """Say what is wrong with the values."""
        raise NotImplementedError

    @staticmethod
    def parsers() -> dict[str, Callable[[str], Any]]:
        """How the text of each attribute is read; a string where it is not named."""
        raise NotImplementedError

    @classmethod
    def _names(cls) -> list[str]:
        return [field.name for field in fields(cls)]  # type: ignore[arg-type]

    @classmethod
    def _parsed(cls, name: str, text: str) -> Any:
        try:
            return cls.parsers().get(name, str)(text)
        except (KeyError, ValueError) as error:
            message = f"{cls.__name__}: {name} = {text}: {error}"
            raise ValueError(message) from None

    def _texts(self) -> dict[str, str]:
        return {name: _text(getattr(self, name)) for name in self._names()}


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
