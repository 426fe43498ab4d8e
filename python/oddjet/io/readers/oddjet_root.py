"""ROOT files that oddjet wrote itself; see `oddjet.io.writers.root`."""

from __future__ import annotations

import json
from typing import Any

import awkward as ak

from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.root_table import RootTable
from oddjet.io.readers.table import Table
from oddjet.io.schema import (
    COLLECTIONS,
    ROOT_METADATA_PREFIX,
    ROOT_NESTED_COUNT,
    ROOT_TREE,
    SCHEMA_VERSION,
)
from oddjet.runs.errors import UserError


def layout(table: Table) -> Layout | None:
    """Map a tree of `oddjet convert` back to the events it was made from.

    Returns
    -------
    Layout or None
        None if oddjet did not write the tree.
    """
    if not isinstance(table, RootTable) or table.name != ROOT_TREE:
        return None
    recorded = _recorded(table)
    if recorded is None:
        return None
    if recorded["schema_version"] > SCHEMA_VERSION:
        message = f"{table.path} was written by a newer oddjet; update oddjet"
        raise UserError(message)
    fields = []
    for branch in table.names:
        name = field_of(branch)
        if name is None or branch.endswith(ROOT_NESTED_COUNT):
            continue
        counts = f"{branch}{ROOT_NESTED_COUNT}"
        fields.append(
            _nested(name, branch, counts)
            if counts in table.known
            else copied(name, branch)
        )
    return Layout(tuple(fields), role=recorded["role"], records_role=True)


def field_of(branch: str) -> str | None:
    """Name the field of a branch: "fat_jets_pt" is fat_jets.pt."""
    if branch in COLLECTIONS:
        return branch
    for collection in sorted(COLLECTIONS, key=len, reverse=True):
        if branch.startswith(f"{collection}_"):
            rest = branch.removeprefix(f"{collection}_")
            if collection == "truth" and rest.startswith("particles_"):
                return f"truth.particles.{rest.removeprefix('particles_')}"
            return f"{collection}.{rest}"
    return None


def _nested(name: str, branch: str, counts: str) -> Field:
    """Put lists of lists together, which a TTree keeps flat with their lengths."""

    def make(arrays: Arrays) -> ak.Array:
        lengths, flat = arrays[counts], ak.flatten(arrays[branch], axis=1)
        inner = ak.unflatten(flat, ak.to_numpy(ak.flatten(lengths)))
        return ak.unflatten(inner, ak.num(lengths))

    return Field(name, (branch, counts), make)


def _recorded(table: RootTable) -> dict[str, Any] | None:
    text = table.description
    if not text.startswith(ROOT_METADATA_PREFIX):
        return None
    recorded: dict[str, Any] = json.loads(text.removeprefix(ROOT_METADATA_PREFIX))
    return recorded
