"""From awkward records to the offsets and flat columns of the kernels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import vector
from numpy.typing import NDArray

from oddjet.events.coordinates import CARTESIAN, COORDINATES, CYLINDRICAL, SPELLINGS
from oddjet.events.layouts import offset_lists
from oddjet.events.missing import materialised
from oddjet.runs.errors import UserError


@dataclass(frozen=True)
class Columns:
    """Jagged records as the kernels want them: offsets and flat columns.

    Attributes
    ----------
    offsets : int64, shape (lists + 1,)
        Starts at 0, never decreases, ends at the length of every column.
    fields : dict of str to ndarray, each of shape (offsets[-1],)
        Momenta are {pt, eta, phi, mass} or {px, py, pz, energy}, floats of one
        common width; other numeric fields keep their names.
    """

    offsets: NDArray[np.int64]
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the lists."""
        return len(self.offsets) - 1


def columns(records: ak.Array, *, where: str) -> Columns:
    """Flatten a list of records per event into offsets and flat columns.

    Slices, masks, index and category arrays are compacted, so that masking
    before a kernel equals masking after it. What is packed already is not
    copied. Floats are promoted to the widest float of the record, never down;
    integer momenta become float64.

    Parameters
    ----------
    records : awkward array, type n * var * {pt, eta, phi, mass, ...}
        Momenta in any of vector's coordinates [GeV, radians] and spellings
        (E, e, energy; M, m, mass; ...). If a record has both complete sets,
        {pt, eta, phi, mass} wins; mixed sets are converted to {px, py, pz,
        energy}. Fields that are not numbers (nested lists, text) are left out.
    where : str
        Name of the collection, for messages.

    Returns
    -------
    Columns

    Raises
    ------
    UserError
        Not a list of records per event, a None in it (its event is named), or
        no complete four-momentum.

    Examples
    --------
    >>> jets = ak.Array([[{"pt": 2.0, "eta": 0.1, "phi": 0.2, "mass": 0.0}], []])
    >>> flat = columns(jets, where="jets")
    >>> flat.offsets, flat.fields["pt"]
    (array([0, 1, 1]), array([2.]))
    """
    lists = _layout(records, where)
    if lists.is_unknown:  # no events, built without a type
        return Columns(np.zeros(1, np.int64), _no_momenta())
    if lists.is_numpy:
        lists = lists.to_RegularArray()
    if not lists.is_list:
        message = (
            f"{where} must hold one list of records per event, got the type "
            f"{records.type}; build it with ak.zip({{'pt': ..., 'eta': ..., ...}})"
        )
        raise UserError(message)
    lists = offset_lists(lists)
    offsets = np.asarray(lists.offsets.data)
    content = lists.content
    if len(content) > offsets[-1]:
        content = content[: offsets[-1]]
    return Columns(offsets, _fields(content, where, offsets))


def single_list(records: ak.Array, *, where: str) -> Columns:
    """Flatten records that are not in lists, as `columns` does those of one list.

    Parameters
    ----------
    records : awkward array, type n * {pt, eta, phi, mass, ...}
        As the lists of `columns`.
    where : str
        Name of the collection, for messages.

    Returns
    -------
    Columns
        Of one list.

    Raises
    ------
    UserError
        Not records, a None among them (its position is named as an event's), or no
        complete four-momentum.

    Examples
    --------
    >>> jets = ak.Array([{"pt": 2.0, "eta": 0.1, "phi": 0.2, "mass": 0.0}])
    >>> flat = single_list(jets, where="jets")
    >>> flat.offsets, flat.fields["pt"]
    (array([0, 1]), array([2.]))
    """
    content = materialised(_layout(records, where), where)
    return Columns(np.array([0, len(content)]), _fields(content, where, None))


def _layout(records: ak.Array, where: str) -> Any:
    """Look into an array; high-level calls take longer than all of the rest."""
    if not isinstance(records, ak.Array):
        message = f"{where} must be an awkward array, got {type(records).__name__}"
        raise UserError(message)
    return materialised(records.layout.to_backend("cpu"), where)


def _fields(
    content: Any, where: str, offsets: NDArray[np.int64] | None
) -> dict[str, NDArray[Any]]:
    """Flatten records to columns of numbers, with a momentum as the kernels want it."""
    if content.is_unknown:  # lists that were always empty have no fields
        return _no_momenta()
    numeric = _numeric_fields(content, where)
    if not content.is_record:  # nothing else is copied when an index is followed
        content = materialised(content[numeric], where, offsets)
    flat = {
        name: _flat(content.content(name), f"{where}.{name}", offsets)
        for name in numeric
    }
    return _canonical_momenta(_one_float_width(flat, where), where)


def _no_momenta() -> dict[str, NDArray[Any]]:
    return {name: np.empty(0) for name in CYLINDRICAL}


def _numeric_fields(content: Any, where: str) -> list[str]:
    record = _behind(content)
    if not record.is_record or record.is_tuple:
        message = (
            f"{where} must hold records with momenta, got lists of "
            f"{content.form.type}; build them with ak.zip({{'pt': ..., 'eta': ...}})"
        )
        raise UserError(message)
    behind = {name: _behind(record.content(name)) for name in record.fields}
    return [
        name
        for name, layout in behind.items()
        if layout.is_numpy and not layout.inner_shape
    ]


def _behind(layout: Any) -> Any:
    """See through options and indices."""
    while layout.is_option or layout.is_indexed:
        layout = layout.content
    return layout


def _flat(layout: Any, where: str, offsets: NDArray[np.int64] | None) -> NDArray[Any]:
    layout = materialised(layout, where, offsets)
    return np.ascontiguousarray(layout.data)


def _one_float_width(
    flat: dict[str, NDArray[Any]], where: str
) -> dict[str, NDArray[Any]]:
    integers = [n for n in flat if n in COORDINATES and flat[n].dtype.kind in "iu"]
    flat = flat | {name: flat[name].astype(np.float64) for name in integers}
    floats = {n: a for n, a in flat.items() if a.dtype.kind == "f"}
    if not floats:
        return flat
    # Half precision has no kernels; it goes up to single, never the reverse.
    widest = np.result_type(np.float32, *floats.values())
    if widest.itemsize > np.dtype(np.float64).itemsize:
        message = f"{where} holds {widest}; convert it to float64 first"
        raise UserError(message)
    return flat | {n: a.astype(widest, copy=False) for n, a in floats.items()}


def _canonical_momenta(
    flat: dict[str, NDArray[Any]], where: str
) -> dict[str, NDArray[Any]]:
    """Give the momentum one spelling, and one of the two coordinate sets."""
    spelt: dict[str, NDArray[Any]] = {}
    for name, spellings in SPELLINGS.items():
        found = [spelling for spelling in spellings if spelling in flat]
        if found:
            spelt[name] = flat[found[0]]
    others = {name: array for name, array in flat.items() if name not in COORDINATES}
    for names in (CYLINDRICAL, CARTESIAN):
        if all(name in spelt for name in names):
            return {name: spelt[name] for name in names} | others
    return _converted_momenta(spelt, flat, where) | others


def _converted_momenta(
    spelt: dict[str, NDArray[Any]], flat: dict[str, NDArray[Any]], where: str
) -> dict[str, NDArray[Any]]:
    """Let vector turn a mixed set, such as (pt, eta, phi, energy), to Cartesian."""
    for transverse in (("pt", "phi"), ("px", "py")):
        for longitudinal in ("eta", "pz", "theta"):
            for temporal in ("energy", "mass"):
                names = (*transverse, longitudinal, temporal)
                if all(name in spelt for name in names):
                    momenta = vector.arr({name: spelt[name] for name in names})
                    return {n: np.asarray(getattr(momenta, n)) for n in CARTESIAN}
    message = (
        f"{where} needs pt, eta, phi, mass (or px, py, pz, energy), "
        f"got the fields {sorted(flat)}"
    )
    raise UserError(message)
