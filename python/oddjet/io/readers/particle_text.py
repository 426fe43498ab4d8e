"""Text of one particle a line: px py pz E, with the number of the event before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice

import awkward as ak
import numpy as np

from oddjet.io.paths import Location
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.layout import Layout, built, copied
from oddjet.io.readers.source import EventSource, unknown_column
from oddjet.io.readers.text import open_bytes
from oddjet.runs.errors import UserError

_MOMENTA = ("px", "py", "pz", "energy")
_BYTES_PER_PARTICLE = 32

Row = tuple[bytes, list[float]]


def is_particle_text(head: str) -> bool:
    """Tell whether the first lines are four or five numbers each."""
    lines = [line for line in head.splitlines() if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    widths = {len(line.split()) for line in lines}
    if not lines or widths - {4, 5} or len(widths) > 1:
        return False
    try:
        for word in " ".join(lines).split():
            float(word)
    except ValueError:
        return False
    return True


class ParticleTextEvents(EventSource):
    """Events of particles, one a line: five numbers (event px py pz E), or four of one.

    A new number begins a new event; an event without particles has no line.
    """

    format = "particles"

    def __init__(self, path: Location) -> None:
        self.path = path
        self.num_events = self._num_particles = 0
        digest = hashlib.sha256()
        for number, rows in groupby(self._rows(), key=lambda row: row[0]):
            self.num_events += 1
            for _, row in rows:
                self._num_particles += 1
                digest.update(repr((number, row)).encode())
        self._digest = digest.digest()
        names = (*(f"particles.{name}" for name in _MOMENTA), "id.event")
        self._layout = Layout(tuple(copied(name, name) for name in names))
        self.columns = [*self._layout.collections, "weight"]

    def close(self) -> None:
        """Do nothing: the file is only open while it is read."""

    def stored_array(
        self, start: int, stop: int, columns: Sequence[str] | None = None
    ) -> ak.Array:
        """Read events [start, stop); lines before them are passed over."""
        try:
            fields = self._layout.chosen(columns)
        except KeyError as error:
            raise unknown_column(self.path, error.args[0], self.columns) from None
        events = groupby(self._rows(), key=lambda row: row[0])
        return built(fields, _arrays(islice(_lists(events), start, stop)), stop - start)

    def stored_chunks(
        self, num_events: int, columns: Sequence[str] | None = None
    ) -> Iterator[ak.Array]:
        """Read the whole file in one pass."""
        fields = self._layout.chosen(columns)
        events = _lists(groupby(self._rows(), key=lambda row: row[0]))
        while block := list(islice(events, num_events)):
            yield built(fields, _arrays(iter(block)), len(block))

    def bytes_per_event(
        self,
        columns: Sequence[str] | None = None,  # noqa: ARG002 - all come with a line
    ) -> float:
        """Estimate the memory of an event from its number of particles."""
        return max(1.0, _BYTES_PER_PARTICLE * self._num_particles / self.num_events)

    @cached_property
    def fingerprint(self) -> int:
        """Identify the content by all numbers of the file."""
        return int.from_bytes(self._digest[:8], "big")

    def _rows(self) -> Iterator[Row]:
        with damage_named(self.path), open_bytes(self.path) as lines:
            for number, line in enumerate(lines, start=1):
                words = line.split()
                if not words or words[0].startswith(b"#"):
                    continue
                try:
                    event = words[0] if len(words) == 5 else b"0"
                    values = [float(word) for word in words[-4:]]
                except ValueError:
                    values = []
                if len(values) != 4 or len(words) > 5:
                    message = (
                        f"{self.path}: line {number} is not [event] px py pz E, but"
                        f" {line[:60].decode('utf-8', 'replace').strip()!r}"
                    )
                    raise UserError(message)
                yield event, values


def _lists(
    events: Iterator[tuple[bytes, Iterator[Row]]],
) -> Iterator[tuple[bytes, list[list[float]]]]:
    for number, rows in events:
        yield number, [row for _, row in rows]


def _arrays(events: Iterator[tuple[bytes, list[list[float]]]]) -> dict[str, ak.Array]:
    numbers, counts, rows = [], [0], []
    for number, particles in events:
        numbers.append(int(float(number)))
        counts.append(len(particles))
        rows += particles
    values = np.array(rows, np.float64).reshape(-1, 4)
    offsets = ak.index.Index64(np.cumsum(counts))
    arrays = {"id.event": ak.Array(np.array(numbers, np.int64))}
    for position, name in enumerate(_MOMENTA):
        content = ak.contents.NumpyArray(np.ascontiguousarray(values[:, position]))
        lists = ak.contents.ListOffsetArray(offsets, content)
        arrays[f"particles.{name}"] = ak.Array(lists)
    return arrays
