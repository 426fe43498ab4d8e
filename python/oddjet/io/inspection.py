"""What a file of events holds, what a search could do with it, what looks wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.io.paths import Location
from oddjet.io.readers.registry import open_source
from oddjet.io.readers.source import EventSource
from oddjet.io.suspicions import suspicions

if TYPE_CHECKING:
    from oddjet.io.readers.column_map import ColumnMap

#: What the numbers of a field mean.
_UNITS = {
    **dict.fromkeys(("pt", "px", "py", "pz", "mass", "energy"), "GeV"),
    **dict.fromkeys(("em_energy", "had_energy", "soft_drop_mass"), "GeV"),
    "phi": "rad",
}
_CHUNK_EVENTS = 10_000


@dataclass
class FieldSummary:
    """The range of a field.

    Attributes
    ----------
    name : str
        Such as "jets.pt".
    unit : str
        "" for pure numbers.
    low, high : float or None
        Of the finite values, None if there are none.
    distinct : int or None
        How many different values there are, for numbers that are names.
    """

    name: str
    unit: str
    low: float | None = None
    high: float | None = None
    distinct: int | None = None

    def include(self, values: ak.Array) -> None:
        """Widen the range by values."""
        numbers = np.asarray(ak.flatten(values, axis=None), np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers):
            low, high = float(numbers.min()), float(numbers.max())
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)


@dataclass
class CollectionSummary:
    """How many objects a collection has, and the ranges of their fields.

    Attributes
    ----------
    name : str
    num_objects : int or None
        None for what is one value an event.
    max_per_event : int or None
    fields : list of FieldSummary
    """

    name: str
    num_objects: int | None = None
    max_per_event: int | None = None
    fields: list[FieldSummary] = field(default_factory=list)


@dataclass(frozen=True)
class Inspection:
    """What `oddjet inspect` tells of a file.

    Attributes
    ----------
    file, format, role : str
    records_role : bool
        Whether the file itself shows its role.
    num_events : int
    num_inspected : int
        Events whose values were looked at, from the first on.
    collections : list of CollectionSummary
    possible : list of str
        What a search can do with the file, and what it cannot and why.
    suspicious : list of str
        What an analyst should look at before going on.
    """

    file: str
    format: str
    role: str
    records_role: bool
    num_events: int
    num_inspected: int
    collections: list[CollectionSummary]
    possible: list[str]
    suspicious: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Give plain data, as `oddjet inspect --json` prints them."""
        return asdict(self)


def inspect_file(
    location: Location,
    *,
    format: str | Path | ColumnMap | None = None,
    max_events: int = 50_000,
) -> Inspection:
    """Look at the first events of a file.

    Parameters
    ----------
    location : Path or Remote
    format : optional
        As in `oddjet.read`.
    max_events : int
        Events whose values are looked at; all are counted.

    Returns
    -------
    Inspection

    Raises
    ------
    UserError
        A file that cannot be read at all.
    """
    with open_source(location, format) as source:
        summaries: dict[str, CollectionSummary] = {}
        seen = 0
        parts: list[Events] = []
        chunks = source.chunks(min(_CHUNK_EVENTS, max_events), check=False)
        num_chunks = -(-max_events // _CHUNK_EVENTS)
        for events in islice(chunks, num_chunks):
            _include(summaries, events)
            parts.append(_light(events))
            seen += len(events)
        if not parts:
            empty = source.read(0, 0, check=False)
            _include(summaries, empty)
            parts.append(_light(empty))
        looked_at = Events.concatenate(parts)
        names = FieldSummary("id.file", "")
        names.distinct = len(np.unique(looked_at.id.file.to_numpy()))
        summaries["id"].fields.insert(0, names)
        suspicious = suspicions(looked_at, source)
        if source.incomplete is not None:
            suspicious.insert(0, source.incomplete)
        return Inspection(
            file=str(location),
            format=source.format,
            role=source.role,
            records_role=source.records_role,
            num_events=source.num_events,
            num_inspected=seen,
            collections=list(summaries.values()),
            possible=_possible(parts[0], source),
            suspicious=suspicious,
        )


def _light(events: Events) -> Events:
    """Keep what suspicions look at: momenta, weights and ids."""
    return events.without("truth", "trigger", "filters", "weight_variations")


def _include(summaries: dict[str, CollectionSummary], events: Events) -> None:
    for name in events.fields:
        array = events.array[name]
        summary = summaries.setdefault(name, CollectionSummary(name))
        is_list = array.ndim > 1 and bool(array.fields)
        if is_list:
            counts = ak.num(array)
            total = int(ak.sum(counts))
            most = int(ak.max(counts)) if len(counts) else 0
            summary.num_objects = (summary.num_objects or 0) + total
            summary.max_per_event = max(summary.max_per_event or 0, most)
        _include_fields(summary, array)


def _include_fields(summary: CollectionSummary, array: ak.Array) -> None:
    known = {item.name: item for item in summary.fields}
    for name in array.fields or [""]:
        if (summary.name, name) == ("id", "file"):
            continue  # a number that names the file, and has no range
        values = array[name] if name else array
        if values.fields or not _is_number(values):
            continue
        full = f"{summary.name}.{name}" if name else summary.name
        if full not in known:
            known[full] = FieldSummary(full, _UNITS.get(name, ""))
            summary.fields.append(known[full])
        known[full].include(values)


def _is_number(values: ak.Array) -> bool:
    kind = str(values.type)
    return "string" not in kind and "union" not in kind


def _possible(events: Events, source: EventSource) -> list[str]:
    """Say which searches the collections are enough for."""
    have = set(events.fields)
    lines = []
    if {"particles", "met", "leptons"} <= have:
        lines.append("mono-jet search: particles, met and leptons are there")
    else:
        missing = sorted({"particles", "met", "leptons"} - have)
        lines.append(f"no mono-jet search: {', '.join(missing)} missing")
    if "particles" in have:
        lines.append("jets can be clustered, with substructure and scores of a model")
    elif "fat_jets" in have or "jets" in have:
        lines.append("jets are there without their particles: no substructure")
    for jets in ("jets", "fat_jets"):
        if jets in have and "constituent_index" in ak.fields(events.array[jets]):
            lines.append(f"the constituents of {jets} are known")
    is_partly = "particles" in have and not _is_whole_event(events)
    if is_partly:
        lines.append("only particles of jets are stored: no MET or jets of one's own")
    if source.role == "data":
        lines.append("counts as data: a signal region stays blind until --unblind")
    return lines


def _is_whole_event(events: Events) -> bool:
    """Tell whether particles lie outside the fat jets, too."""
    if "fat_jets" not in events.fields:
        return True
    jets = events.array["fat_jets"]
    if "constituent_index" not in jets.fields:
        return True
    members = ak.sum(ak.num(jets["constituent_index"], axis=2), axis=None)
    return bool(members < ak.sum(ak.num(events.array["particles"]), axis=None))
