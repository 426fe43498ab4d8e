"""Friend files: one row an event, in the order of the input, with its ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oddjet.events import Events
from oddjet.runs.atomic import atomic_path
from oddjet.runs.errors import UserError

Kind = Literal["parquet", "ttree", "rntuple"]

#: Rows of a chunk: numbers, one an event or a fixed number of them, or text.
Rows = Mapping[str, Any]

TREE_NAME = "oddjet_friend"


class _Sink(Protocol):
    """One open file of some kind."""

    def write(self, columns: dict[str, NDArray[Any]]) -> None: ...

    def close(self) -> None: ...


class FriendWriter:
    """Writes rows chunk by chunk; the file appears whole or not at all.

    Use it as a context manager. `write` takes the rows of a chunk of events in the
    order in which the input has them; so a TTree can be attached with
    ``AddFriend`` and a Parquet file can be joined by its ids.

    Parameters
    ----------
    path : str or Path
        Destination; an existing file is replaced.
    kind : "parquet", "ttree" or "rntuple", optional
        By default what the suffix says: .parquet, or .root for a TTree.
    tree : str
        Name of the TTree or RNTuple.

    Raises
    ------
    UserError
        A suffix that says nothing, no such directory, chunks with different columns,
        or no chunk at all.

    Examples
    --------
    >>> import tempfile, awkward as ak, pyarrow.parquet as pq
    >>> events = Events(ak.Array({"met": [{"pt": 1.0, "phi": 0.5}]}), role="mc")
    >>> path = Path(tempfile.mkdtemp()) / "friend.parquet"
    >>> with FriendWriter(path) as friend:
    ...     friend.write(friend_ids(events) | {"score": np.array([2.5])})
    >>> pq.read_table(path).column_names
    ['id_file', 'id_entry', 'score']
    """

    def __init__(
        self, path: str | Path, *, kind: Kind | None = None, tree: str = TREE_NAME
    ) -> None:
        self.path = Path(path)
        self.kind: Kind = kind or _kind_of(self.path)
        self.num_rows = 0
        self._tree = tree
        self._columns: dict[str, str] | None = None
        self._sink: _Sink | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._temporary = self._stack.enter_context(atomic_path(self.path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # What goes wrong at the end must remove the temporary file, too.
        with self._stack:
            if self._sink is not None:
                self._sink.close()
            if error is not None:
                raise error
            if self._sink is None:
                message = f"cannot write {self.path}: there are no rows, not even none"
                raise UserError(message)

    def write(self, rows: Rows | pa.Table) -> None:
        """Append the rows of a chunk.

        Parameters
        ----------
        rows : mapping of str to array, or pyarrow.Table
            Columns of one length, the same in every chunk: numbers of shape (rows,)
            or (rows, n), bools, or text.

        Raises
        ------
        UserError
            Other columns than before, or columns of different lengths.
        """
        columns = _as_columns(rows)
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            message = f"cannot write {self.path}: columns differ in length, {lengths}"
            raise UserError(message)
        found = {name: _type_of(values) for name, values in columns.items()}
        if self._columns is None:
            self._columns = found
            self._sink = self._opened(columns)
        if found != self._columns:
            message = (
                f"cannot write {self.path}: chunks differ, {self._columns} is followed"
                f" by {found}"
            )
            raise UserError(message)
        assert self._sink is not None
        self._sink.write(columns)
        self.num_rows += next(iter(lengths.values()), 0)

    def _opened(self, columns: dict[str, NDArray[Any]]) -> _Sink:
        if self.kind == "parquet":
            from oddjet.io.writers.friend_parquet import ParquetRows

            return ParquetRows(self._temporary, columns)
        from oddjet.io.writers.friend_root import NTupleRows, TreeRows

        kind = TreeRows if self.kind == "ttree" else NTupleRows
        return kind(self._temporary, self._tree, columns)


def friend_ids(events: Events) -> dict[str, NDArray[Any]]:
    """Give the columns that say which event a row belongs to.

    Parameters
    ----------
    events : Events

    Returns
    -------
    dict of str to ndarray
        ``id_file``, ``id_entry`` and, where the events have them, ``id_run``,
        ``id_lumi``, ``id_event`` and others.
    """
    ids = events.array["id"]
    first = ("file", "entry", "run", "lumi", "event")
    names = [n for n in first if n in ids.fields]
    names += [n for n in ids.fields if n not in first]
    return {f"id_{name}": np.asarray(ids[name]) for name in names}


def write_friend(
    path: str | Path, chunks: Iterable[Rows | pa.Table], **options: Any
) -> int:
    """Write the rows of a stream of chunks and count them; see `FriendWriter`."""
    with FriendWriter(path, **options) as friend:
        for rows in chunks:
            friend.write(rows)
    return friend.num_rows


def _kind_of(path: Path) -> Kind:
    kinds: dict[str, Kind] = {".parquet": "parquet", ".root": "ttree"}
    if path.suffix not in kinds:
        message = f"{path} must end in .parquet or .root, or its kind must be named"
        raise UserError(message)
    return kinds[path.suffix]


def _as_columns(rows: Rows | pa.Table) -> dict[str, NDArray[Any]]:
    if not isinstance(rows, pa.Table):
        return {name: np.asarray(values) for name, values in rows.items()}
    columns = {}
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            flat = column.flatten().to_numpy(zero_copy_only=False)
            columns[name] = flat.reshape(len(column), column.type.list_size)
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            columns[name] = np.array(column.to_pylist(), dtype=str)
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return columns


def _type_of(values: NDArray[Any]) -> str:
    if values.dtype.kind in "USO":
        return "text"
    width = "".join(f"[{size}]" for size in values.shape[1:])
    return f"{values.dtype}{width}"
