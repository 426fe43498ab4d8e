"""LHC Olympics 2020: events of up to 700 particles, or two jets as features."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events import Role
from oddjet.io.readers.fields import from_padded
from oddjet.io.readers.hdf5_table import Hdf5Table
from oddjet.io.readers.layout import Arrays, Field, Layout
from oddjet.io.readers.table import Table

NAME = "lhco"

_BLOCK = "df/block0_values"
_SLOTS = 700
_NUMBERS = 3 * _SLOTS
_LABEL = _NUMBERS


def layout(table: Table) -> Layout | None:
    """Map the data of the LHC Olympics 2020 (arXiv:2101.08320) to events.

    The big files hold (pt, eta, phi) of 700 massless particles, zero padded, and in
    the R&D set a label, which is `truth.signal`; the black boxes have none and are
    pseudo-data. The files of features hold (px, py, pz, m, tau_1, tau_2, tau_3) of the
    two hardest jets of radius 1, in GeV, which become `fat_jets`, hardest first.

    Returns
    -------
    Layout or None
        None if the table is not of the LHC Olympics.
    """
    if not isinstance(table, Hdf5Table) or _BLOCK not in table.known:
        return None
    width = table.width(_BLOCK)
    if width in {_NUMBERS, _NUMBERS + 1}:
        return _particles(has_label=width > _NUMBERS)
    names = table.items("df")
    if {"pxj1", "pyj1", "pzj1", "mj1", "pxj2", "mj2"} <= set(names):
        return _features(names)
    return None


def _particles(*, has_label: bool) -> Layout:
    fields = [
        Field(f"particles.{name}", (_BLOCK,), _slots(position))
        for position, name in enumerate(("pt", "eta", "phi"))
    ]
    fields.append(Field("particles.mass", (_BLOCK,), _massless))
    if has_label:
        fields.append(
            Field("truth.signal", (_BLOCK,), lambda a: _block(a)[:, _LABEL] > 0)
        )
    role: Role = "mc" if has_label else "pseudo-data"
    return Layout(tuple(fields), role=role, records_role=True)


def _block(arrays: Arrays) -> NDArray[np.floating]:
    values: NDArray[np.floating] = np.asarray(ak.to_layout(arrays[_BLOCK]).data)
    return values


def _objects(arrays: Arrays) -> tuple[ak.index.Index, NDArray[np.floating]]:
    """Find the filled slots of all events at once: their offsets and their numbers."""

    def make() -> tuple[ak.index.Index, NDArray[np.floating]]:
        block = _block(arrays)
        filled = block[:, 0:_NUMBERS:3] != 0
        counts = np.count_nonzero(filled, axis=1)
        offsets = np.zeros(len(block) + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        if (filled[:, 1:] <= filled[:, :-1]).all():  # padding only at the end
            rows = [row[: 3 * n] for row, n in zip(block, counts, strict=True)]
            numbers = np.concatenate([block[:0, 0], *rows]).reshape(-1, 3)
        else:
            numbers = block[:, :_NUMBERS].reshape(len(block), _SLOTS, 3)[filled]
        return ak.index.Index64(offsets), numbers

    return arrays.once(_BLOCK, make)


def _lists(offsets: ak.index.Index, values: NDArray[np.floating]) -> ak.Array:
    content = ak.contents.NumpyArray(np.ascontiguousarray(values))
    return ak.Array(ak.contents.ListOffsetArray(offsets, content))


def _slots(position: int) -> Callable[[Arrays], ak.Array]:
    def make(arrays: Arrays) -> ak.Array:
        offsets, numbers = _objects(arrays)
        return _lists(offsets, numbers[:, position])

    return make


def _massless(arrays: Arrays) -> ak.Array:
    offsets, numbers = _objects(arrays)
    return _lists(offsets, np.zeros(len(numbers), numbers.dtype))


def _features(names: list[str]) -> Layout:
    def jets(field: str) -> Callable[[Arrays], ak.Array]:
        columns = [names.index(f"{field}j1"), names.index(f"{field}j2")]
        momenta = [[names.index(f"p{a}j{j}") for j in (1, 2)] for a in "xy"]

        def make(arrays: Arrays) -> ak.Array:
            block = _block(arrays)
            pt = np.hypot(block[:, momenta[0]], block[:, momenta[1]])
            order = np.argsort(-pt, axis=1, kind="stable")
            values = np.take_along_axis(block[:, columns], order, axis=1)
            return from_padded(values, np.ones(values.shape, np.bool_))

        return make

    spellings = {"px": "px", "py": "py", "pz": "pz", "mass": "m"}
    spellings |= {f"tau_{n}": f"tau{n}" for n in (1, 2, 3)}
    fields = [
        Field(f"fat_jets.{name}", (_BLOCK,), jets(stem))
        for name, stem in spellings.items()
        if f"{stem}j1" in names and f"{stem}j2" in names
    ]
    if "label" in names:
        label = names.index("label")
        fields.append(
            Field("truth.signal", (_BLOCK,), lambda a: _block(a)[:, label] > 0)
        )
    return Layout(tuple(fields), role="mc", records_role=True)
