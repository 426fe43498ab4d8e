"""One pass over a HepMC file: how many events are whole, and what the last lacks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from oddjet.io.paths import Location
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.text import open_bytes
from oddjet.runs.errors import UserError

_VERSION_3 = b"HepMC::Asciiv3-START"
_VERSION_2 = b"HepMC::IO_GenEvent-START"
_END = (b"HepMC::Asciiv3-END", b"HepMC::IO_GenEvent-END")


@dataclass(frozen=True)
class EventScan:
    """What a HepMC file holds.

    Attributes
    ----------
    num_events : int
        Whole events.
    num_particles : int
        In them.
    digest : bytes
        Of all lines.
    version : int
        Of the format, 2 or 3.
    incomplete : str or None
        A sentence, if the file ends early.
    """

    num_events: int
    num_particles: int
    digest: bytes
    version: int
    incomplete: str | None


def scan_events(location: Location) -> EventScan:
    """Count events and particles, and compare them with what each event announces.

    Raises
    ------
    UserError
        No HepMC, or an event in the middle that is not whole.
    """
    scan = _Scan(location)
    try:
        with damage_named(location), open_bytes(location) as stream:
            for line in stream:
                scan.line(line)
    except UserError as error:
        # The end of a compressed file is lost with its last block.
        if isinstance(error.__cause__, EOFError | OSError) and scan.version:
            return scan.result(cut_off=True)
        raise
    return scan.result(cut_off=False)


class _Scan:
    """The state between two lines."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.version = 0
        self.events = self.particles = 0
        self.whole_particles = 0
        self.expected: int | None = None
        self.found = 0
        self.has_end = False
        self.hash = hashlib.sha256()

    def line(self, line: bytes) -> None:
        self.hash.update(line)
        kind = line[:2]
        if kind == b"P ":
            self.found += 1
        elif kind == b"E ":
            self._finish_event()
            self._begin_event(line)
        elif kind == b"V " and self.version == 2 and self.expected is not None:
            # Orphans that come in and particles that go out follow the vertex.
            words = line.split()
            self.expected += int(words[7]) + int(words[8])
        elif line.startswith(b"HepMC::"):
            self._header(line)

    def result(self, *, cut_off: bool) -> EventScan:
        if not self.version:
            message = f"{self.location} is not HepMC: it has no START_EVENT_LISTING"
            raise UserError(message)
        incomplete = None
        is_whole = self.expected is not None and self.found == self.expected
        if is_whole and (self.has_end or not cut_off):
            self.events += 1
            self.whole_particles += self.found
        if cut_off or not self.has_end or (self.expected is not None and not is_whole):
            incomplete = (
                f"{self.location} ends early, after {self.events} whole events:"
                " it was cut off or is still being written"
            )
        return EventScan(
            num_events=self.events,
            num_particles=self.whole_particles,
            digest=self.hash.digest(),
            version=self.version,
            incomplete=incomplete,
        )

    def _header(self, line: bytes) -> None:
        if line.startswith(_VERSION_3):
            self.version = 3
        elif line.startswith(_VERSION_2):
            self.version = 2
        elif line.startswith(_END):
            self.has_end = True

    def _begin_event(self, line: bytes) -> None:
        self.found = 0
        self.has_end = False
        # Version 3 tells the number of particles, version 2 that of each vertex.
        self.expected = int(line.split()[3]) if self.version == 3 else 0

    def _finish_event(self) -> None:
        if self.expected is None:
            return
        if self.found != self.expected:
            message = (
                f"{self.location} is damaged: event {self.events} announces"
                f" {self.expected} particles and has {self.found}"
            )
            raise UserError(message)
        self.events += 1
        self.whole_particles += self.found
