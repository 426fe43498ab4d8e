"""HepMC3 and HepMC2 event records, through pyhepmc."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import awkward as ak
import numpy as np

from oddjet.io.paths import Location
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.hepmc_scan import EventScan, scan_events
from oddjet.io.readers.layout import Layout, built, copied
from oddjet.io.readers.source import EventSource, unknown_column
from oddjet.io.readers.text import open_bytes
from oddjet.runs.errors import UserError, require

_FINAL_STATE = 1
# A particle in memory: four momenta of 8 bytes, identity and status of 4.
_BYTES_PER_PARTICLE = 40
_MOMENTA = ("px", "py", "pz", "energy")


def is_hepmc(head: str) -> bool:
    """Tell whether a text begins as HepMC does."""
    return head.lstrip().startswith("HepMC::")


class HepMCEvents(EventSource):
    """Events of a generator, before any detector.

    `particles` are those of the final state (status 1), neutrinos among them; there
    is no `met`. `truth.particles` is the whole record. `weight` is the first weight,
    `weight_variations.listed` all of them, `id.event` the number of the event.

    Attributes
    ----------
    incomplete : str or None
        What is wrong with the end of the file; events before it can be read.
    """

    format = "hepmc"
    role = "mc"
    records_role = True

    def __init__(self, path: Location) -> None:
        require("pyhepmc", extra="hepmc")
        self.path = path
        self._scan: EventScan = scan_events(path)
        self.num_events = self._scan.num_events
        self.incomplete = self._scan.incomplete
        self._layout = Layout(
            tuple(
                copied(name, name)
                for name in (
                    *(f"particles.{name}" for name in (*_MOMENTA, "pdg_id")),
                    *("weight", "weight_variations.listed", "id.event"),
                    *(f"truth.particles.{name}" for name in (*_MOMENTA, "pdg_id")),
                    "truth.particles.status",
                )
            )
        )
        self.columns = self._layout.collections
        self._stack = ExitStack()
        self._reader: Iterator[Any] | None = None
        self._position = 0

    def close(self) -> None:
        """Give the file back."""
        self._stack.close()
        self._reader = None

    def stored_array(
        self, start: int, stop: int, columns: Sequence[str] | None = None
    ) -> ak.Array:
        """Read events [start, stop); going on where the last call ended is cheapest."""
        try:
            fields = self._layout.chosen(columns)
        except KeyError as error:
            raise unknown_column(self.path, error.args[0], self.columns) from None
        names = [field.name for field in fields]
        with_record = any(name.startswith("truth.") for name in names)
        records = [_record(e, with_record) for e in self._read_events(start, stop)]
        with damage_named(self.path, f"events {start} to {stop - 1}"):
            arrays = {name: _joined(records, name) for name in names}
            return built(fields, arrays, stop - start)

    def bytes_per_event(
        self,
        columns: Sequence[str] | None = None,  # noqa: ARG002 - all come with a line
    ) -> float:
        """Estimate the memory of an event from its number of particles."""
        per_event = self._scan.num_particles / max(1, self.num_events)
        return max(1.0, _BYTES_PER_PARTICLE * per_event)

    @cached_property
    def fingerprint(self) -> int:
        """Identify the content by all lines of the file, which the scan has hashed."""
        return int.from_bytes(hashlib.sha256(self._scan.digest).digest()[:8], "big")

    def _read_events(self, start: int, stop: int) -> Iterator[Any]:
        import pyhepmc

        if start == stop:
            return
        with damage_named(self.path, f"event {start}"):
            if self._reader is None or self._position > start:
                self.close()
                stream = self._stack.enter_context(open_bytes(self.path))
                name = f"HepMC{self._scan.version}"
                file = pyhepmc.open(stream, format=name)
                self._stack.enter_context(file)
                self._reader, self._position = iter(file), 0
        while self._position < stop:
            with damage_named(self.path, f"event {self._position}"):
                event = next(self._reader, None)
            if event is None:
                message = (
                    f"{self.path} is damaged: event {self._position} of"
                    f" {self.num_events} cannot be read; write or copy it again"
                )
                raise UserError(message)
            self._position += 1
            if self._position > start:
                yield event


def _record(event: Any, with_record: bool) -> dict[str, Any]:
    """Take what is wanted of an event while it exists; its arrays are views."""
    import pyhepmc

    particles = event.numpy.particles
    # HepMC files may be in MeV.
    unit = 1e-3 if event.momentum_unit == pyhepmc.Units.MEV else 1.0
    momenta = {
        "px": particles.px * unit,
        "py": particles.py * unit,
        "pz": particles.pz * unit,
        "energy": particles.e * unit,
        "pdg_id": particles.pid.astype(np.int32),
    }
    final = particles.status == _FINAL_STATE
    record = {f"particles.{name}": array[final] for name, array in momenta.items()}
    if with_record:
        record |= {f"truth.particles.{n}": a.copy() for n, a in momenta.items()}
        record["truth.particles.status"] = particles.status.astype(np.int32)
    weights = np.asarray(event.weights, np.float64)
    record["weight"] = weights[0] if len(weights) else 1.0
    record["weight_variations.listed"] = weights
    record["id.event"] = event.event_number
    return record


def _joined(records: list[dict[str, Any]], name: str) -> ak.Array:
    values = [record[name] for record in records]
    if name == "weight":
        return ak.Array(np.array(values, np.float64))
    if name == "id.event":
        return ak.Array(np.array(values, np.int64))
    offsets = np.cumsum([0, *map(len, values)])
    is_integer = name.endswith(("pdg_id", "status"))
    empty = np.empty(0, np.int32 if is_integer else np.float64)
    content = ak.contents.NumpyArray(np.concatenate([empty, *values]))
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), content))
