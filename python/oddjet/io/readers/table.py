"""A file as a table: columns by name, rows by number. What a layout is read from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property

import awkward as ak

from oddjet.io.paths import Location


class Table(ABC):
    """Columns of one length in an open file.

    Attributes
    ----------
    path : Path or Remote
    container : str
        "ROOT", "HDF5", "NumPy" or "Parquet".
    name : str
        Of the tree or group in the file, "" where there is only one.
    names : tuple of str
        The columns.
    num_rows : int
    """

    path: Location
    container: str
    name: str
    names: tuple[str, ...]
    num_rows: int

    @abstractmethod
    def read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        """Read rows [start, stop) of columns."""

    @abstractmethod
    def bytes_per_row(self, names: Sequence[str]) -> float:
        """Estimate the memory of a row of columns."""

    @abstractmethod
    def close(self) -> None:
        """Give the file back."""

    @cached_property
    def known(self) -> frozenset[str]:
        """The columns, to look names up."""
        return frozenset(self.names)

    def groups(self, separator: str) -> dict[str, dict[str, str]]:
        """Sort columns such as "Jet.PT" into {"Jet": {"PT": "Jet.PT"}}."""
        groups: dict[str, dict[str, str]] = {}
        for name in self.names:
            group, found, rest = name.partition(separator)
            if found:
                groups.setdefault(group, {})[rest] = name
        return groups

    def __str__(self) -> str:
        return f"{self.name} of {self.path}" if self.name else str(self.path)
