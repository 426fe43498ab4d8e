"""Friend rows in ROOT files: a TTree for AddFriend, or an RNTuple."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray


class TreeRows:
    """An open ROOT file with a TTree that takes rows.

    A TTree of uproot holds no text: a column of text becomes an int32 code, and the
    object string ``<tree>_<column>_text`` beside the tree lists the meanings as JSON.
    """

    def __init__(self, path: Path, tree: str, columns: dict[str, NDArray[Any]]) -> None:
        import uproot

        self._name = tree
        self._texts: dict[str, dict[str, int]] = {
            name: {} for name, values in columns.items() if values.dtype.kind in "USO"
        }
        self._file = uproot.recreate(path)
        types = {
            name: np.dtype((values.dtype, values.shape[1:]))
            for name, values in self._coded(columns).items()
        }
        self._tree = self._file.mktree(tree, types, title="friend tree of oddjet")

    def write(self, columns: dict[str, NDArray[Any]]) -> None:
        """Append rows as one basket a branch."""
        coded = self._coded(columns)
        if len(next(iter(coded.values()))):
            self._tree.extend(coded)

    def close(self) -> None:
        """Write what the codes of texts mean, and close."""
        for name, meanings in self._texts.items():
            self._file[f"{self._name}_{name}_text"] = json.dumps(list(meanings))
        self._file.close()

    def _coded(self, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {
            name: _codes(values, self._texts[name])
            if name in self._texts
            else np.ascontiguousarray(values)
            for name, values in columns.items()
        }


class NTupleRows:
    """An open ROOT file with an RNTuple that takes rows, text among them."""

    def __init__(self, path: Path, tree: str, columns: dict[str, NDArray[Any]]) -> None:
        import uproot

        self._file = uproot.recreate(path)
        empty = {name: _lists(values[:0]) for name, values in columns.items()}
        self._tuple = self._file.mkrntuple(tree, empty, description="friend of oddjet")

    def write(self, columns: dict[str, NDArray[Any]]) -> None:
        """Append rows as one cluster."""
        if len(next(iter(columns.values()))):
            self._tuple.extend({n: _lists(values) for n, values in columns.items()})

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _codes(values: NDArray[Any], meanings: dict[str, int]) -> NDArray[np.int32]:
    unique, inverse = np.unique(values.astype(str), return_inverse=True)
    codes = [meanings.setdefault(str(text), len(meanings)) for text in unique]
    return np.array(codes, np.int32)[inverse.reshape(-1)]


def _lists(values: NDArray[Any]) -> ak.Array:
    if values.dtype.kind in "USO":
        # A typed empty array, for an RNTuple must know that a column is text.
        return ak.Array([*map(str, values), ""])[: len(values)]
    array = ak.Array(np.ascontiguousarray(values))
    return ak.from_regular(array, axis=1) if values.ndim == 2 else array
