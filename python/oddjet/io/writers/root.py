"""Events to ROOT: a TTree that everybody reads, or an RNTuple that loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.io.schema import (
    COLLECTIONS,
    ROOT_METADATA_PREFIX,
    ROOT_NESTED_COUNT,
    ROOT_TREE,
    SCHEMA_VERSION,
)
from oddjet.runs.atomic import atomic_path
from oddjet.runs.errors import UserError

#: Names of the ids that reading sets.
_PLACE = ("file", "entry")


def write_root(
    path: str | Path,
    chunks: Events | Iterable[Events],
    *,
    kind: Literal["ttree", "rntuple"] = "ttree",
) -> Path:
    """Write events to a ROOT file that appears whole or not at all.

    The branches are named collection_field ("fat_jets_pt"); oddjet reads them back.
    A list of lists (constituent_index) is flat in a TTree, its lengths beside it in
    a branch that ends in ``_counts``.

    Parameters
    ----------
    path : str or Path
        Destination; an existing file is replaced.
    chunks : Events or iterable of Events
        At least one, of one type and role; consumed in bounded memory.
    kind : "ttree" or "rntuple"

    Returns
    -------
    Path

    Raises
    ------
    UserError
        No chunk at all, chunks of different types or roles, text in a TTree, a
        missing value, or no such directory.
    """
    import uproot

    stream = iter([chunks] if isinstance(chunks, Events) else chunks)
    first = next(stream, None)
    if first is None:
        message = f"cannot write {path}: there are no events, not even an empty sample"
        raise UserError(message)
    recorded = {"role": first.role, "schema_version": SCHEMA_VERSION}
    text = ROOT_METADATA_PREFIX + json.dumps(recorded, sort_keys=True)
    branches = _consistent(chain([first], stream), path, kind)
    with atomic_path(path) as temporary, uproot.recreate(temporary) as file:
        arrays = next(branches)
        empty = {name: array[:0] for name, array in arrays.items()}
        if kind == "ttree":
            types = {name: array.type.content for name, array in arrays.items()}
            tree = file.mktree(ROOT_TREE, types, title=text)
        else:
            tree = file.mkrntuple(ROOT_TREE, empty, description=text)
        for part in chain([arrays], branches):
            if len(next(iter(part.values()))):
                tree.extend(part)
    return Path(path)


def _consistent(
    chunks: Iterable[Events], path: str | Path, kind: str
) -> Iterator[dict[str, ak.Array]]:
    expected: tuple[str, dict[str, str]] | None = None
    for chunk in chunks:
        arrays = _branches(chunk, path, kind)
        found = (chunk.role, {n: str(a.type.content) for n, a in arrays.items()})
        expected = expected or found
        if found != expected:
            message = (
                f"cannot write {path}: chunks differ, {expected[0]} with"
                f" {', '.join(expected[1])} is followed by {found[0]} with"
                f" {', '.join(found[1])}"
            )
            raise UserError(message)
        yield arrays


def _branches(events: Events, path: str | Path, kind: str) -> dict[str, ak.Array]:
    branches: dict[str, ak.Array] = {}
    for name, array in _leaves("", events.array):
        collection = name.partition("_")[0]
        if name.removeprefix("id_") in _PLACE and collection == "id":
            continue
        branches |= _branch(name, array, path, kind)
    return branches


def _leaves(name: str, array: ak.Array) -> Iterator[tuple[str, ak.Array]]:
    """Walk through records down to numbers; a name joins what it went through."""
    if not array.fields:
        yield name, array
        return
    for field in array.fields:
        if not name and field not in COLLECTIONS:
            message = f"the collection {field!r} is not one of the event model"
            raise UserError(message)
        yield from _leaves(f"{name}_{field}" if name else field, array[field])


def _branch(
    name: str, array: ak.Array, path: str | Path, kind: str
) -> dict[str, ak.Array]:
    array = ak.to_packed(ak.without_parameters(array) if not _is_text(array) else array)
    if _is_text(array) and kind == "ttree":
        message = (
            f"cannot write {path}: a TTree holds no text, and {name} is text; leave it"
            " out with --drop, or write an RNTuple or Parquet"
        )
        raise UserError(message)
    if "?" in str(array.type.content) or "option" in str(array.type.content):
        if ak.any(ak.is_none(array, axis=-1), axis=None):
            message = f"cannot write {path}: {name} has missing values; use Parquet"
            raise UserError(message)
        array = ak.fill_none(array, 0, axis=-1)
    if array.ndim > 1:
        array = ak.from_regular(array, axis=None)
    if array.ndim < 3 or kind == "rntuple":
        return {name: array}
    counts = ak.values_astype(ak.num(array, axis=2), np.int32)
    flat = ak.flatten(array, axis=2)
    return {name: flat, f"{name}{ROOT_NESTED_COUNT}": counts}


def _is_text(array: ak.Array) -> bool:
    return "string" in str(array.type)
