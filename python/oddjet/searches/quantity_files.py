"""Tables of quantities from elsewhere: Parquet, CSV, HDF5 and NumPy files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from oddjet.runs.errors import UserError

__all__ = ["read_quantities"]

Columns = dict[str, NDArray[Any]]
_PANDAS_VALUES, _PANDAS_ITEMS = "_values", "_items"


def read_quantities(
    path: Path, columns: Mapping[str, str], factors: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """Read the numbers of a file, a column a quantity.

    Parameters
    ----------
    path : Path
        Parquet, CSV with a line of names, HDF5 (a dataset a column, or pandas' fixed
        format), .npy or .npz. Columns of a table without names are called "0", "1",
        ...; those of one called "x", "x.0", "x.1", ...
    columns : mapping of str to str
        The column of the file that each quantity is; empty: all that are numbers, by
        their own names.
    factors : mapping of str to float
        What quantities are multiplied with, 1000 of a mass in TeV.

    Returns
    -------
    dict of str to float64, shape (events,)

    Raises
    ------
    UserError
        A file of another kind or that cannot be read, columns of different lengths, or
        a name that is not there.
    """
    opened = _READERS.get(path.suffix.lower())
    if opened is None:
        message = (
            f"{path} is no table: its name must end in one of {', '.join(_READERS)}"
        )
        raise UserError(message)
    try:
        found = opened(path)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        message = f"{path} cannot be read as a table in {path.suffix[1:]}: {error}"
        raise UserError(message) from error
    numbers = {name: a for name, a in found.items() if a.dtype.kind in "fiub"}
    wanted = dict(columns) or {name: name for name in numbers}
    missing = sorted({*wanted.values()} - {*numbers}) + sorted({*factors} - {*wanted})
    if missing:
        message = (
            f"{path} has no column {missing[0]} of numbers; it has "
            f"{', '.join(numbers) or 'none'}"
        )
        raise UserError(message)
    values = {
        name: np.asarray(numbers[column], np.float64) * factors.get(name, 1.0)
        for name, column in wanted.items()
    }
    if len({len(column) for column in values.values()}) > 1:
        sizes = ", ".join(f"{name} {len(column)}" for name, column in values.items())
        message = f"the columns of {path} have different lengths ({sizes}); name some"
        raise UserError(message)
    return values


def _parquet(path: Path) -> Columns:
    return _of_arrow(pq.read_table(path))


def _csv(path: Path) -> Columns:
    return _of_arrow(pa.csv.read_csv(path))


def _of_arrow(table: pa.Table) -> Columns:
    return {
        name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names
    }


def _npy(path: Path) -> Columns:
    return _flat("", np.load(path, allow_pickle=False))


def _npz(path: Path) -> Columns:
    with np.load(path, allow_pickle=False) as stored:
        return _joined({name: stored[name] for name in stored.files})


def _hdf5(path: Path) -> Columns:
    import h5py
    import hdf5plugin  # noqa: F401 - the Blosc, LZ4 and Zstd filters of other writers

    found: Columns = {}
    with h5py.File(path, "r") as file:

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.shape:
                found[name] = item[()]

        file.visititems(visit)
    return _joined(_without_pandas(found))


def _without_pandas(found: Columns) -> Columns:
    """Take the blocks of pandas' fixed format apart: values (rows, items) and items."""
    plain: Columns = {}
    for name, values in found.items():
        items = found.get(name.removesuffix(_PANDAS_VALUES) + _PANDAS_ITEMS)
        if not name.endswith(_PANDAS_VALUES) or items is None or values.ndim != 2:
            plain[name] = values
            continue
        for item, column in zip(items.tolist(), values.T, strict=True):
            plain[item.decode() if isinstance(item, bytes) else str(item)] = column
    return plain


def _joined(arrays: Columns) -> Columns:
    return {
        name: column
        for place, values in arrays.items()
        for name, column in _flat(place, values).items()
    }


def _flat(place: str, values: NDArray[Any]) -> Columns:
    """Give the columns of an array of records, or of one or two dimensions."""
    dot = f"{place}." if place else ""
    if values.dtype.names is not None:
        return _joined({f"{dot}{name}": values[name] for name in values.dtype.names})
    if values.ndim == 2:
        return {f"{dot}{i}": column for i, column in enumerate(values.T)}
    return {place or "0": values} if values.ndim == 1 else {}


_READERS: dict[str, Callable[[Path], Columns]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".npy": _npy,
    ".npz": _npz,
}
