"""How a file spells the event model: which branches make which field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import awkward as ak
import numpy as np

from oddjet.events import Role
from oddjet.events.layouts import offset_lists, record_of
from oddjet.io.readers.source import ALWAYS
from oddjet.io.readers.table import Table
from oddjet.runs.errors import UserError

#: What was read: for each branch one array of one entry per event.
Arrays = Mapping[str, ak.Array]


@dataclass(frozen=True)
class Field:
    """One field of the event model, and what it is made of.

    Attributes
    ----------
    name : str
        Dotted, such as "particles.pt", "weight" or "truth.particles.pdg_id".
    branches : tuple of str
        The branches of the file that `make` needs.
    make : callable
        From the arrays of those branches to the field, one entry per event.
    """

    name: str
    branches: tuple[str, ...]
    make: Callable[[Arrays], ak.Array]

    def belongs_to(self, column: str) -> bool:
        """Tell whether a column that a user names contains this field."""
        return f"{self.name}.".startswith(f"{column}.")


@dataclass(frozen=True)
class Layout:
    """The fields that a file can give, and what it is.

    Attributes
    ----------
    fields : tuple of Field
    role : "data", "pseudo-data" or "mc"
    records_role : bool
        Whether the file itself shows its role.
    broken : mapping of str to str
        Collections that the file half has, with what is wrong: to leave out the
        half that is there would be a silent loss.
    absent : mapping of str to str
        Where this format keeps a collection that this file does not have.
    doubts : callable
        Gives what an analyst should know before using the events; asked when they
        are read, since it may take a look at them.
    table : Table or None
        What the branches are read from, if not the table that was asked.
    """

    fields: tuple[Field, ...]
    role: Role = "data"
    records_role: bool = False
    broken: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    doubts: Callable[[], Sequence[str]] = tuple
    table: Table | None = None

    @cached_property
    def collections(self) -> list[str]:
        """The collections, in the order of the fields."""
        names = [item.name.partition(".")[0] for item in self.fields]
        return list(dict.fromkeys([*names, *self.broken]))

    def chosen(self, columns: Sequence[str] | None) -> list[Field]:
        """List the fields of the columns, always with weight and id.

        Raises
        ------
        KeyError
            A column that no field belongs to.
        UserError
            A column of a collection that the file half has.
        """
        wanted = self.collections if columns is None else [*columns]
        for column in wanted:
            collection = column.partition(".")[0]
            if collection in self.broken:
                raise UserError(self.broken[collection])
            if column not in ALWAYS and not any(
                item.belongs_to(column) for item in self.fields
            ):
                raise KeyError(column)
        names = (*wanted, *ALWAYS)
        return [f for f in self.fields if any(f.belongs_to(name) for name in names)]


def copied(name: str, branch: str) -> Field:
    """Take a branch as it is."""
    return Field(name, (branch,), lambda arrays: arrays[branch])


def branches_of(fields: Iterable[Field]) -> list[str]:
    """List the branches of fields, each once."""
    return list(dict.fromkeys(name for item in fields for name in item.branches))


def built(fields: Sequence[Field], arrays: Arrays, num_events: int) -> ak.Array:
    """Make the records of events from the branches.

    Raises
    ------
    ValueError
        The fields of one collection have different numbers of objects.
    """
    made = {item.name: item.make(arrays) for item in fields}
    tree: dict[str, dict[str, ak.Array] | ak.Array] = {}
    for name, array in made.items():
        collection, _, rest = name.partition(".")
        if rest:
            tree.setdefault(collection, {})[rest] = array
        else:
            tree[collection] = array
    records = {
        name: _collection(name, parts) if isinstance(parts, dict) else parts
        for name, parts in tree.items()
    }
    if not records:
        records = {"weight": np.ones(num_events)}
    return ak.Array(record_of(records, num_events))


def _collection(where: str, parts: Mapping[str, ak.Array]) -> ak.Array:
    """Join fields into records, one level at a time ("truth.particles.pt")."""
    direct = {name: array for name, array in parts.items() if "." not in name}
    nested: dict[str, dict[str, ak.Array]] = {}
    for name, array in parts.items():
        head, _, rest = name.partition(".")
        if rest:
            nested.setdefault(head, {})[rest] = array
    for name, inner in nested.items():
        direct[name] = _collection(f"{where}.{name}", inner)
    return zipped(direct, where)


def zipped(fields: Mapping[str, ak.Array], where: str) -> ak.Array:
    """Join lists of numbers into lists of records; `ak.zip` without broadcasting.

    Raises
    ------
    ValueError
        The lists have different lengths, in which event and fields.
    """
    layouts = {name: _plain(array) for name, array in fields.items()}
    is_jagged = [layout.is_list for layout in layouts.values()]
    names = list(layouts)
    # A record of lists (weight variations, truth) is not a list of records.
    if not all(is_jagged) or where in RECORDS_OF_LISTS:
        contents = list(layouts.values())
        return ak.Array(ak.contents.RecordArray(contents, names))
    jagged = [offset_lists(layout) for layout in layouts.values()]
    offsets = jagged[0].offsets
    for name, layout in zip(names, jagged, strict=True):
        if not np.array_equal(layout.offsets.data, offsets.data):
            counts = np.diff(offsets.data), np.diff(layout.offsets.data)
            event = int(np.argmax(counts[0] != counts[1]))
            message = (
                f"{where}.{names[0]} has {counts[0][event]} and {where}.{name}"
                f" {counts[1][event]} objects in one event"
            )
            raise ValueError(message)
    length = int(offsets.data[-1])
    contents = [layout.content[:length] for layout in jagged]
    records = ak.contents.RecordArray(contents, names, length=length)
    return ak.Array(ak.contents.ListOffsetArray(offsets, records))


#: Collections that are one record an event, some of whose fields are lists.
RECORDS_OF_LISTS = ("truth", "weight_variations")


def _plain(array: ak.Array) -> ak.contents.Content:
    layout = ak.to_layout(array)
    return offset_lists(layout) if layout.is_regular else layout
