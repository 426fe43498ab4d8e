"""LHC Olympics 2020: events of up to 700 particles, or two jets as features."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events import Role
from oddjet.io.readers.fields import constant, from_padded, leaf_dtype
from oddjet.io.readers.hdf5_table import Hdf5Table
from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.table import Table
from oddjet.io.readers.unpadded import UnpaddedTable
from oddjet.runs.errors import UserError

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

    Raises
    ------
    UserError
        Rows without names for their numbers, of another width.
    """
    if not isinstance(table, Hdf5Table) or _BLOCK not in table.known:
        return None
    width = table.width(_BLOCK)
    if width in {_NUMBERS, _NUMBERS + 1}:
        return _particles(table, has_label=width > _NUMBERS)
    names = table.items("df")
    if {"pxj1", "pyj1", "pzj1", "mj1", "pxj2", "mj2"} <= set(names):
        return _features(names, table)
    if names:
        return None
    message = (
        f"{table.path} has {width} numbers an event in {_BLOCK}; files of the LHC"
        f" Olympics have {_NUMBERS} (pt, eta, phi of {_SLOTS} particles), or"
        f" {_NUMBERS + 1} with the label: download it again, or describe its columns in"
        " a YAML map"
    )
    raise UserError(message)


def _particles(table: Hdf5Table, *, has_label: bool) -> Layout:
    names = ("pt", "eta", "phi")
    rest = {"label": _LABEL} if has_label else {}
    rows = UnpaddedTable(table, _BLOCK, numbers=names, slots=_SLOTS, rest=rest)
    fields = [copied(f"particles.{name}", name) for name in names]
    fields.append(Field("particles.mass", ("pt",), _massless))
    if has_label:
        fields.append(
            Field("truth.signal", ("label",), lambda a: _is_signal(a["label"], table))
        )
    role: Role = "mc" if has_label else "pseudo-data"
    return Layout(tuple(fields), role=role, records_role=True, table=rows)


def _is_signal(label: ak.Array, table: Table) -> ak.Array:
    """Tell signal from background; a label that is no number is neither."""
    missing = int(np.count_nonzero(np.isnan(ak.to_numpy(label))))
    if missing:
        message = (
            f"{table.path} has {missing} events whose label is not a number, so their"
            " truth is not known: leave out the column truth, or download it again"
        )
        raise UserError(message)
    return label > 0


def _massless(arrays: Arrays) -> ak.Array:
    pt = arrays["pt"]
    return constant(pt, 0.0, leaf_dtype(pt))


def _block(arrays: Arrays) -> NDArray[np.floating]:
    values: NDArray[np.floating] = np.asarray(ak.to_layout(arrays[_BLOCK]).data)
    return values


def _features(names: list[str], table: Table) -> Layout:
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
            Field(
                "truth.signal",
                (_BLOCK,),
                lambda a: _is_signal(ak.Array(_block(a)[:, label]), table),
            )
        )
    return Layout(tuple(fields), role="mc", records_role=True)
