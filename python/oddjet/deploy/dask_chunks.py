"""Chunks on a Dask cluster: local, or any scheduler that has an address.

Workers write to the output directory themselves, over a file system that all share, so
that only counts travel. A chunk whose worker dies is done again by another one.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oddjet.deploy.score_chunk import make_chunk
from oddjet.runs.dask_client import dask_client
from oddjet.runs.errors import UserError, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oddjet.deploy.score_chunk import Chunk, Scoring

__all__ = ["dask_executor"]

# How often a chunk may take a worker with it until it is given up.
DEATHS = 3


@contextmanager
def dask_executor(
    address: str, *, workers: int = 1
) -> Iterator[Callable[[str, list[Chunk], Scoring], Iterator[int]]]:
    """Lend a way to do chunks on Dask.

    Parameters
    ----------
    address : str
        Of a scheduler, such as "tcp://host:8786", or "local" for processes here.
    workers : int
        Processes, if local.

    Yields
    ------
    callable
        For `score_files(executor=...)`.

    Raises
    ------
    MissingExtra
        Dask is not installed.
    UserError
        There is no scheduler at the address.
    """
    with dask_client(address, workers=workers) as client:
        yield lambda *work: _on_cluster(client, *work)


def _on_cluster(
    client: Any, room: str, chunks: list[Chunk], scoring: Scoring
) -> Iterator[int]:
    distributed = require("distributed", extra="dask")
    futures = [
        client.submit(
            make_chunk,
            room,
            chunk,
            scoring,
            pure=False,
            retries=DEATHS,
            key=chunk.place,
        )
        for chunk in chunks
    ]
    try:
        for future in distributed.as_completed(futures):
            try:
                yield future.result()
            except distributed.KilledWorker as error:
                message = (
                    f"workers died over and over at entries of one input ({error}); "
                    "give them more memory, or smaller chunks"
                )
                raise UserError(message) from error
    finally:
        client.cancel(futures)
