"""Events to Parquet: lossless, streaming, atomic, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import awkward as ak
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.events import Events
from oddjet.io.blocks import fixed_blocks
from oddjet.io.schema import METADATA_KEY, SCHEMA_VERSION
from oddjet.runs.atomic import atomic_path
from oddjet.runs.errors import UserError

#: Bounds the memory of writer and reader (about 5 MB of LHC particles), and is the
#: same for every file, so that the bytes do not depend on the chunks handed in.
ROW_GROUP_EVENTS = 1024


def write_events(
    path: str | Path, chunks: Events | Iterable[Events], *, keep_place: bool = False
) -> Path:
    """Write events to a Parquet file that appears whole or not at all.

    Types, nesting, missing values and the role survive. `id.file` and `id.entry`
    name the place in a file and are set by reading it, unless they are to be kept.
    Equal events give equal bytes, for one version of the libraries.

    Parameters
    ----------
    path : str or Path
        Destination; an existing file is replaced.
    chunks : Events or iterable of Events
        At least one, possibly without events; of one type and role. A stream is
        consumed in bounded memory.
    keep_place : bool
        Store `id.file` and `id.entry`, so that events stay those of the file that
        they came from, and copies of an event copies.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    UserError
        No chunk at all, chunks of different types or roles, no such directory.
    """
    stream = iter([chunks] if isinstance(chunks, Events) else chunks)
    first = next(stream, None)
    if first is None:
        message = f"cannot write {path}: there are no events, not even an empty sample"
        raise UserError(message)
    blocks = fixed_blocks(
        _storable(chain([first], stream), path, keep_place), ROW_GROUP_EVENTS
    )
    schema = _schema(first, keep_place)
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            compression_level=3,
            write_page_checksum=True,
            # Dictionaries do not pay for momenta: larger files, slower to write.
            use_dictionary=False,
        ) as writer,
    ):
        for block in blocks:
            table = _table(block).replace_schema_metadata(schema.metadata)
            writer.write_table(table, row_group_size=ROW_GROUP_EVENTS)
    return Path(path)


def _storable(
    chunks: Iterable[Events], path: str | Path, keep_place: bool
) -> Iterator[ak.Array]:
    """Drop what reading sets, and insist on one type and one role."""
    expected: tuple[str, str] | None = None
    for chunk in chunks:
        array = _stored(chunk.array, keep_place)
        found = (chunk.role, str(ak.type(array).content))
        expected = expected or found
        if found != expected:
            message = (
                f"cannot write {path}: chunks differ, {' '.join(expected)} "
                f"is followed by {' '.join(found)}"
            )
            raise UserError(message)
        yield array


def _stored(array: ak.Array, keep_place: bool) -> ak.Array:
    dropped = set() if keep_place else {"file", "entry"}
    names = [name for name in array.id.fields if name not in dropped]
    stored = {name: _jagged(array[name]) for name in array.fields if name != "id"}
    return ak.Array(stored | ({"id": array.id[names]} if names else {}))


def _jagged(collection: ak.Array) -> ak.Array:
    """Let each event have its own number of objects; a fixed one is an accident."""
    is_list_of_objects = collection.ndim > 1 and collection.fields
    return ak.from_regular(collection, axis=1) if is_list_of_objects else collection


def _table(array: ak.Array) -> pa.Table:
    return ak.to_arrow_table(array, extensionarray=False)


def _schema(events: Events, keep_place: bool) -> pa.Schema:
    schema = _table(_stored(events.array, keep_place)[:0]).schema
    recorded = {"role": events.role, "schema_version": SCHEMA_VERSION}
    text = json.dumps(recorded, sort_keys=True).encode()
    return schema.with_metadata({METADATA_KEY: text})
