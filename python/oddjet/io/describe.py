"""What event files hold, from their footers alone."""

from __future__ import annotations

from dataclasses import dataclass

from oddjet.events import Role
from oddjet.io.paths import Paths, find_inputs
from oddjet.io.readers.registry import open_source
from oddjet.runs.errors import UserError


@dataclass(frozen=True)
class Sample:
    """A description of files that are one sample.

    Attributes
    ----------
    files : tuple of str
        What the patterns stand for, in order.
    num_events : int
    role : "data", "pseudo-data" or "mc"
    records_role : bool
        Whether the files say so themselves; unknown events count as data.
    fingerprints : tuple of int
        `id.file` of the events of each file.
    collections : tuple of str
        Those that every file has, in the order of the first.
    """

    files: tuple[str, ...]
    num_events: int
    role: Role
    records_role: bool
    fingerprints: tuple[int, ...]
    collections: tuple[str, ...]


def describe(paths: Paths) -> Sample:
    """Describe a sample without reading an event.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Files or patterns.

    Returns
    -------
    Sample

    Raises
    ------
    UserError
        A missing, damaged or foreign file, or files of different roles.
    """
    files = find_inputs(paths)
    num_events = 0
    fingerprints: list[int] = []
    records_role = True
    roles: dict[Role, None] = {}
    collections: list[str] | None = None
    for file in files:
        with open_source(file) as source:
            if source.incomplete is not None:
                raise UserError(source.incomplete)
            num_events += source.num_events
            fingerprints.append(source.fingerprint)
            records_role &= source.records_role
            roles[source.role] = None
            have = collections if collections is not None else source.columns
            collections = [name for name in have if name in source.columns]
    if len(roles) > 1:
        message = (
            f"{files[0]} and the files with it hold {' and '.join(roles)}; search "
            "them as two samples"
        )
        raise UserError(message)
    return Sample(
        files=tuple(map(str, files)),
        num_events=num_events,
        role=next(iter(roles)),
        records_role=records_role,
        fingerprints=tuple(fingerprints),
        collections=tuple(collections or ()),
    )
