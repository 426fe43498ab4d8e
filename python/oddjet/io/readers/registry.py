"""Which formats there are, and which one a file is: by what it holds, not its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from oddjet.io.paths import Location, open_binary
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.layout import Layout
from oddjet.io.readers.source import EventSource
from oddjet.io.readers.table import Table
from oddjet.io.readers.table_events import TableEvents
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from oddjet.io.readers.column_map import ColumnMap


@dataclass(frozen=True)
class KnownFormat:
    """A format whose files are tables: its layout says whether a table is one.

    Attributes
    ----------
    name : str
        What a user calls it.
    module : str
        Home of its function ``layout(table) -> Layout | None``, imported when needed.
    meaning : str
        What files it stands for, in a few words.
    """

    name: str
    module: str
    meaning: str

    @property
    def layout(self) -> Callable[[Table], Layout | None]:
        """The function that maps a table of this format."""
        module = importlib.import_module(f"oddjet.io.readers.{self.module}")
        return cast("Callable[[Table], Layout | None]", module.layout)


#: In the order in which a table is shown to them.
TABLE_FORMATS = (
    KnownFormat("oddjet_root", "oddjet_root", "ROOT files of `oddjet convert`"),
    KnownFormat("delphes", "delphes", "Delphes ROOT files"),
    KnownFormat("nanoaod", "nanoaod", "CMS NanoAOD, PFNano, scouting Nano"),
    KnownFormat("jetclass", "jetclass", "JetClass and JetClass-II, ROOT or Parquet"),
    KnownFormat("lhco", "lhc_olympics", "LHC Olympics HDF5, particles or features"),
    KnownFormat("top_tagging", "top_tagging", "top-tagging tables, HDF5 or Parquet"),
)

#: Every name that `format` takes.
FORMATS = {
    "parquet": "Parquet with the columns of the event model",
    **{known.name: known.meaning for known in TABLE_FORMATS},
    "hepmc": "HepMC3 and HepMC2 text, also .gz, .bz2, .xz and .zst",
    "particles": "text of one particle a line: [event] px py pz E",
}


def open_source(
    location: Location, format: str | Path | ColumnMap | None = None
) -> EventSource:
    """Open a file of events, whatever its name.

    Parameters
    ----------
    location : Path or Remote
    format : str, Path or ColumnMap, optional
        A name of FORMATS, a column map, or a YAML file with one; by default the
        content of the file decides.

    Returns
    -------
    EventSource
        Open; close it.

    Raises
    ------
    UserError
        An unknown format, or a file that is damaged or of no known format.
    """
    from oddjet.io.readers.column_map import ColumnMap

    format = resolved_format(format)
    if isinstance(format, ColumnMap):
        return _open_tables(location, _container(location), None, format)
    container = _container(location)
    if container == "text":
        return _open_text(location, format)
    if container == "Parquet" and format in {None, "parquet"}:
        from oddjet.io.readers.parquet import ParquetEvents, is_event_model

        if format == "parquet" or is_event_model(location):
            return ParquetEvents(location)
    if format == "parquet":
        message = f"{location} is not a Parquet file, but {container}"
        raise UserError(message)
    return _open_tables(location, container, format, None)


def resolved_format(
    format: str | Path | ColumnMap | None,
) -> str | ColumnMap | None:
    """Check the name of a format, and read a column map from its file.

    Raises
    ------
    UserError
        An unknown format, or a wrong map.
    """
    from oddjet.io.readers.column_map import ColumnMap

    if format is None or isinstance(format, ColumnMap):
        return format
    if isinstance(format, Path) or format.endswith((".yaml", ".yml")):
        return ColumnMap.from_yaml(format)
    if format not in FORMATS:
        message = (
            f"format {format!r} is unknown; oddjet reads {', '.join(FORMATS)}, and"
            " other tables through a column map (a YAML file)"
        )
        raise UserError(message)
    return format


def _container(location: Location) -> str:
    """Tell the kind of file from its first bytes.

    Raises
    ------
    UserError
        Empty, or of no kind that could hold events.
    """
    with damage_named(location), open_binary(location) as file:
        head = file.read(512)
    if not head:
        message = f"{location} is empty (0 bytes); write or copy it again"
        raise UserError(message)
    for magic, container in _MAGIC.items():
        if head.startswith(magic):
            return container
    if b"<html" in head.lower() or head.lower().lstrip().startswith(b"<!doctype"):
        message = (
            f"{location} is a web page, not events: the server sent an error or a"
            " login page; download it again"
        )
        raise UserError(message)
    if _is_text(head):
        return "text"
    message = (
        f"{location} is not ROOT, HDF5, Parquet or HepMC (it starts with"
        f" {head[:8]!r}); oddjet reads {', '.join(FORMATS)}"
    )
    raise UserError(message)


_MAGIC = {
    b"PAR1": "Parquet",
    b"root": "ROOT",
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"\x93NUMPY": "NumPy",
    b"PK\x03\x04": "NumPy",  # .npz, a zip file of arrays
    b"\x1f\x8b": "text",  # gzip
    b"\x28\xb5\x2f\xfd": "text",  # zstd
    b"BZh": "text",
    b"\xfd7zXZ\x00": "text",
}


def _is_text(head: bytes) -> bool:
    printable = sum(32 <= byte < 127 or byte in b"\t\n\r" for byte in head)
    return printable == len(head)


def _open_text(location: Location, format: str | None) -> EventSource:
    from oddjet.io.readers.hepmc import HepMCEvents, is_hepmc
    from oddjet.io.readers.particle_text import ParticleTextEvents, is_particle_text

    with damage_named(location):
        head = _head_of_text(location)
    if format == "hepmc" or (format is None and is_hepmc(head)):
        return HepMCEvents(location)
    if format == "particles" or (format is None and is_particle_text(head)):
        return ParticleTextEvents(location)
    if format is not None:
        message = f"{location} is text, not {FORMATS[format]}"
        raise UserError(message)
    line = head.splitlines()[0][:40] if head.splitlines() else ""
    message = (
        f"{location} is text that oddjet does not know (it begins with {line!r});"
        f" it reads {', '.join(FORMATS)}"
    )
    raise UserError(message)


def _head_of_text(location: Location) -> str:
    from oddjet.io.readers.text import open_text

    with open_text(location) as lines:
        return "".join(line[:400] for line, _ in zip(lines, range(5), strict=False))


def _open_tables(
    location: Location,
    container: str,
    format: str | None,
    column_map: ColumnMap | None,
) -> EventSource:
    """Show the tables of a file to the formats until one knows what to do with it."""
    tables = _tables(location, container)
    try:
        if column_map is not None:
            table = column_map.chosen_table(tables)
            return TableEvents(table, column_map.layout(table), format="column map")
        known = [k for k in TABLE_FORMATS if format in {None, k.name}]
        for candidate in known:
            for table in tables:
                found = candidate.layout(table)
                if found is not None:
                    return TableEvents(table, found, format=candidate.name)
    except BaseException:
        tables[0].close()
        raise
    tables[0].close()
    raise _unknown(tables, format)


def _tables(location: Location, container: str) -> list[Table]:
    if container == "ROOT":
        from oddjet.io.readers.root_table import RootTable, open_root

        file, keys = open_root(location)
        tables: list[Table] = [RootTable(location, file, key) for key in keys]
    elif container == "HDF5":
        from oddjet.io.readers.hdf5_table import open_hdf5

        tables = open_hdf5(location)
    elif container == "NumPy":
        from oddjet.io.readers.numpy_table import open_numpy

        tables = open_numpy(location)
    elif container == "Parquet":
        from oddjet.io.readers.parquet_table import ParquetTable

        tables = [ParquetTable(location)]
    else:
        message = f"{location} is text, which has no columns to map"
        raise UserError(message)
    # The fullest first: side tables of luminosities and settings are small.
    return sorted(tables, key=lambda table: -len(table.names))


def _unknown(tables: list[Table], format: str | None) -> UserError:
    path = tables[0].path
    holds = "; ".join(_described(table) for table in tables[:3])
    if format is not None:
        wanted = FORMATS[format]
        return UserError(f"{path} is not {wanted}: it holds {holds}")
    return UserError(
        f"{path} is of none of the formats that oddjet knows ({', '.join(FORMATS)}): it"
        f" holds {holds}; describe its columns in a YAML map and name it as the format"
    )


def _described(table: Table) -> str:
    names = ", ".join(table.names[:6]) + (", ..." if len(table.names) > 6 else "")
    what = f"{table.name}: " if table.name else ""
    return f"{what}{names or 'no columns'}"
