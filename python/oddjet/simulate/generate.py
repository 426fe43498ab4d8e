"""Samples of any size: blocks of events, by any number of processes, in order."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import awkward as ak

from oddjet.events import Events
from oddjet.io.writers.parquet import write_events
from oddjet.runs.errors import UserError, require
from oddjet.runs.progress import Progress, Task
from oddjet.runs.workers import die_with_parent, interrupts_held_back
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import Card, load_card
from oddjet.simulate.pileup import MOST_PILEUP

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event as Flag

__all__ = ["blocks_of", "simulate"]

# A block takes some seconds; after this many without an event it is no bad luck.
_MAX_EMPTY_BLOCKS = 200


def simulate(
    process: str | Card,
    *,
    num_events: int,
    seed: int,
    path: Path | str,
    jobs: int = 1,
    met_min_gev: float | None = None,
    pileup: float = 0.0,
    constituents: Literal["energy_flow", "towers"] = "energy_flow",
    progress: Progress | None = None,
) -> Path:
    """Generate, measure and write events of a process.

    The sample is cut into blocks whose random numbers depend on (seed,
    process, block) alone; they are written in order and the last one is
    truncated. So the bytes of the file do not depend on `jobs`, and a larger
    sample begins with the events of a smaller one.

    Parameters
    ----------
    process : str or Card
        One of `oddjet.simulate.cards.process_names`, or a card, as of `svj_card`.
    num_events : int
        Events in the file, >= 1. Events below the MET cut do not count.
    seed : int
        Any integer; another seed gives independent events.
    path : Path or str
        The Parquet file to write; it appears when it is complete.
    jobs : int
        Processes, >= 1. With more than one they are spawned, so a script that
        calls this must protect its main part with ``__name__ == "__main__"``.
    met_min_gev : float, optional
        MET cut instead of the card's [GeV], not below it. A higher cut
        also raises the generator cuts, so few events are generated in vain. Where the
        card says so it is a cut on the recoil.
    pileup : float
        Mean number of further collisions in each event, none of them removed.
    constituents : "energy_flow" or "towers"
        What the particles of an event are. With towers, MET does not contain muons.
    progress : Progress, optional
        Where to show how many events there are.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    MissingExtra
        pythia8mc is not installed.
    UserError
        An unknown process, a number out of range, or a `path` that cannot be
        written.
    """
    card = process if isinstance(process, Card) else load_card(process)
    met_min_gev = card.met_min_gev if met_min_gev is None else met_min_gev
    _check_request(card, num_events=num_events, jobs=jobs, met_min_gev=met_min_gev)
    if card.cross_section:
        message = (
            f"simulate: events of {card.process} have weights, of which a number of "
            "written events says nothing; use `oddjet simulate-weighted`"
        )
        raise UserError(message)
    if not 0 <= pileup <= MOST_PILEUP:
        message = f"simulate: pileup must be in [0, {MOST_PILEUP}], got {pileup:g}"
        raise UserError(message)
    require("pythia8mc", extra="sim")
    make_block = partial(
        simulate_block,
        card,
        seed=seed,
        met_min_gev=met_min_gev,
        enough=num_events,
        pileup=pileup,
        towers_only=constituents == "towers",
    )
    if progress is None:
        progress = Progress.silent()
    with (
        blocks_of(make_block, itertools.count(), jobs=jobs) as blocks,
        progress.task(f"simulate {card.process}", total=num_events) as task,
    ):
        return write_events(path, _first_events(blocks, num_events, task))


def _check_request(
    card: Card, *, num_events: int, jobs: int, met_min_gev: float
) -> None:
    for name, value in (("num_events", num_events), ("jobs", jobs)):
        if value < 1:
            message = f"simulate: {name} must be >= 1, got {value}"
            raise UserError(message)
    if met_min_gev < card.met_min_gev:
        message = (
            f"simulate: met_min_gev must be >= {card.met_min_gev:g}, because"
            f" {card.process} generates no events below; got {met_min_gev:g}"
        )
        raise UserError(message)


def _first_events(
    blocks: Iterator[ak.Array], num_events: int, task: Task
) -> Iterator[Events]:
    """Take blocks until there are `num_events`, and cut the last one to fit."""
    missing, empty_blocks = num_events, 0
    while missing > 0:
        events = next(blocks)[:missing]
        missing -= len(events)
        empty_blocks = 0 if len(events) else empty_blocks + 1
        if empty_blocks == _MAX_EMPTY_BLOCKS:
            message = (
                f"simulate: none of {empty_blocks} blocks of events in a row had one"
                " above the MET cut; lower met_min_gev"
            )
            raise UserError(message)
        task.advance(len(events))
        yield Events(events, role="mc")


@contextmanager
def blocks_of(
    make_block: partial[ak.Array], numbers: Iterable[int], *, jobs: int
) -> Iterator[Iterator[ak.Array]]:
    """Lend blocks, made by any number of processes, in the order of their numbers.

    Parameters
    ----------
    make_block : partial
        Called with `block` and `cancelled`, as `simulate_block` is.
    numbers : iterable of int
        Of the blocks; may be endless.
    jobs : int

    Yields
    ------
    iterator of awkward arrays
        Whoever leaves before its end ends the work.

    Raises
    ------
    UserError
        A worker process was killed.
    """
    if jobs == 1:
        yield (make_block(block=block) for block in numbers)
        return
    # Spawned and not forked: a fork copies locks held by other threads.
    context = multiprocessing.get_context("spawn")
    cancelled = context.Event()
    pool = ProcessPoolExecutor(
        jobs, context, initializer=_start_worker, initargs=(make_block, cancelled)
    )
    try:
        yield _in_order(pool, numbers, jobs)
    except BrokenProcessPool as error:
        message = (
            "simulate: a worker process was killed; the machine may have too little"
            f" memory for {jobs} jobs"
        )
        raise UserError(message) from error
    finally:
        # Blocks under way end after their current batch.
        cancelled.set()
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, numbers: Iterable[int], jobs: int
) -> Iterator[ak.Array]:
    """Yield the blocks in order, with a bounded number of them ahead."""
    ahead: deque[Future[ak.Array]] = deque()
    for block in numbers:
        with interrupts_held_back():
            ahead.append(pool.submit(_make_block_in_worker, block))
        # Twice the workers, so that none is idle while one block takes longer.
        if len(ahead) >= 2 * jobs:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


# What a worker process was started with: (make_block, cancelled).
_worker: tuple[partial[ak.Array], Flag]


def _start_worker(make_block: partial[ak.Array], cancelled: Flag) -> None:
    """Prepare a worker process."""
    global _worker  # noqa: PLW0603 - the one way of a pool to give workers state
    die_with_parent()
    _worker = make_block, cancelled


def _make_block_in_worker(block: int) -> ak.Array:
    make_block, cancelled = _worker
    if cancelled.is_set():
        return ak.Array([])  # nobody looks at it, and a first batch takes seconds
    return make_block(block=block, cancelled=cancelled.is_set)
