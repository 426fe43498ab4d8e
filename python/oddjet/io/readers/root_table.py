"""ROOT files: TTree and RNTuple as tables, through uproot."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np

from oddjet.io.paths import Location, Remote, open_binary
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.table import Table
from oddjet.runs.errors import UserError

MAGIC = b"root"
# RNTuple pages do not tell their size by column: it is measured on the first rows.
_PROBE_ROWS = 128
# What a format asks of a file and what identifies it look at these rows again.
_FIRST_ROWS = 64


class RootTable(Table):
    """One TTree or RNTuple of an open ROOT file."""

    container = "ROOT"

    def __init__(self, path: Location, file: Any, key: str) -> None:
        self.path = path
        self.name = key.partition(";")[0]
        self._file = file
        self._first: dict[str, ak.Array] = {}
        with damage_named(path, self.name):
            self._tree = file[key]
            self.num_rows = int(self._tree.num_entries)
            self.is_rntuple = not hasattr(self._tree, "branches")
            self._branches = _by_name(self._tree, self.is_rntuple)
        self.names = tuple(self._branches)

    def read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        """Read rows [start, stop) of branches; the first rows are kept once read."""
        first = min(self.num_rows, _FIRST_ROWS)
        if stop > first:
            return self._read(names, start, stop)
        missing = [name for name in names if name not in self._first]
        try:
            self._first |= self._read(missing, 0, first)
        except UserError:
            # Damage behind the rows that are asked for is none of theirs.
            return self._read(names, start, stop)
        return {name: self._first[name][start:stop] for name in names}

    def _read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        if not names:
            return {}
        if self.is_rntuple:
            return self._read_rntuple(names, start, stop)
        arrays: dict[str, ak.Array] = {}
        for name in names:
            with damage_named(self.path, f"branch {name}"):
                array = self._branches[name].array(
                    entry_start=start, entry_stop=stop, library="ak"
                )
                self._check(array, stop - start)
                arrays[name] = array
        return arrays

    def bytes_per_row(self, names: Sequence[str]) -> float:
        """Estimate the memory of a row from what the file says of its branches."""
        rows = max(1, self.num_rows)
        if not self.is_rntuple:
            with damage_named(self.path):
                sizes = (self._branches[name].uncompressed_bytes for name in names)
                return float(sum(sizes)) / rows
        probe = min(self.num_rows, _PROBE_ROWS)
        arrays = self.read(names, 0, probe)
        return float(sum(array.nbytes for array in arrays.values())) / max(1, probe)

    @property
    def description(self) -> str:
        """The title of a TTree, or the description of an RNTuple."""
        with damage_named(self.path, self.name):
            if self.is_rntuple:
                return str(self._tree.header.ntuple_description)
            return str(self._tree.title)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _read_rntuple(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        with damage_named(self.path, self.name):
            wanted = {self._branches[name]: name for name in names}
            records = self._tree.arrays(
                filter_name=list(wanted), entry_start=start, entry_stop=stop
            )
            arrays = {}
            for field, name in wanted.items():
                array = records
                # A name may hold a dot itself (as those of Delphes do).
                parts = [field] if field in records.fields else field.split(".")
                for part in parts:
                    array = array[part]
                self._check(array, stop - start)
                arrays[name] = array
            return arrays

    def _check(self, array: ak.Array, rows: int) -> None:
        """Refuse what a damaged basket can still decode to."""
        if len(array) != rows:
            message = f"{len(array)} entries instead of {rows}"
            raise ValueError(message)
        if not _is_plainly_valid(ak.to_layout(array)):
            problem = ak.validity_error(array)
            if problem:
                raise ValueError(problem)


def _is_plainly_valid(layout: Any) -> bool:
    """Tell of numbers and of lists of numbers, at the least cost, that all is well."""
    if isinstance(layout, ak.contents.ListOffsetArray) and layout.content.is_numpy:
        offsets = np.asarray(layout.offsets.data)
        return bool(
            offsets[0] >= 0
            and (offsets[1:] >= offsets[:-1]).all()
            and offsets[-1] <= len(layout.content)
        )
    return bool(layout.is_numpy)


def _by_name(tree: Any, is_rntuple: bool) -> dict[str, Any]:
    """Give every readable branch its own name; a sub-branch keeps only its last part.

    For an RNTuple the value is the path of the field instead of a branch.
    """
    if is_rntuple:
        return {name: name for name in tree.keys(full_paths=True)}
    branches: dict[str, Any] = {}
    for branch in tree.itervalues(recursive=True):
        # The number of entries of a container, and TObject's bits, which uproot
        # cannot read for objects that something refers to.
        if len(branch.branches) == 0 and not branch.name.endswith(".fBits"):
            branches.setdefault(branch.name.partition("[")[0].rstrip("."), branch)
    return branches


def open_root(location: Location) -> tuple[Any, list[str]]:
    """Open a ROOT file and list its trees.

    Parameters
    ----------
    location : Path or Remote
        A file that starts with "root".

    Returns
    -------
    file : uproot.ReadOnlyDirectory
    keys : list of str
        TTrees and RNTuples, the newest cycle of each, in the order of the file.

    Raises
    ------
    UserError
        Truncated, damaged, or without any tree.
    """
    import uproot

    _check_complete(location)
    options: dict[str, Any] = {}
    if not isinstance(location, Remote):
        # A memory map would end the process when a file shrinks while it is read.
        options["handler"] = uproot.source.file.MultithreadedFileSource
        # Threads that only wait for a disk cost more than they gain; `workers` do both.
        options["use_threads"] = False
    with damage_named(location):
        # As a mapping, so that a colon in a name does not start an object path.
        file = uproot.open({str(location): None}, **options)
        classes = file.classnames(recursive=True, cycle=True)
    newest: dict[str, str] = {}
    for key, kind in classes.items():
        if kind in {"TTree", "TNtuple", "TNtupleD", "TChain"} or "RNTuple" in kind:
            name, _, cycle = key.partition(";")
            held = newest.get(name)
            if held is None or int(cycle or 0) > int(held.partition(";")[2] or 0):
                newest[name] = key
    if not newest:
        file.close()
        holds = f" (it holds {', '.join(list(classes)[:5])})" if classes else ""
        message = (
            f"{location} has no tree{holds}; it may hold none, or it is still being"
            " written or its writer was stopped"
        )
        raise UserError(message)
    return file, list(newest.values())


def _check_complete(location: Location) -> None:
    """Compare the length that the header promises with the one there is."""
    if isinstance(location, Remote):
        return
    with damage_named(location), open_binary(location) as file:
        head = file.read(20)
        size = file.seek(0, 2)
        if len(head) < 20:
            message = f"{location} is truncated ({size} bytes); write or copy it again"
            raise UserError(message)
        version = struct.unpack(">i", head[4:8])[0]
        # Beyond 2 GB the positions in the header have 64 bits.
        end = struct.unpack(
            ">q" if version >= 1_000_000 else ">i",
            head[12:20][: 8 if version >= 1_000_000 else 4],
        )[0]
    if size < end:
        message = (
            f"{location} is truncated: its header promises {end} bytes, it has {size};"
            " copy it again, or wait until it is written"
        )
        raise UserError(message)
