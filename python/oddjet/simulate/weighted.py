"""Samples whose weights sum to a cross section, with rare events preferred."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import awkward as ak

from oddjet.events import Events
from oddjet.io.writers.parquet import write_events
from oddjet.runs.errors import UserError, require
from oddjet.runs.progress import Progress
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import Card, load_card
from oddjet.simulate.generate import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oddjet.runs.progress import Task

__all__ = ["simulate_weighted"]


def simulate_weighted(
    process: str | Card,
    *,
    num_generated: int,
    seed: int,
    directory: Path | str,
    num_files: int = 1,
    responses: int = 1,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Generate events with weights in picobarn, and write those above the MET cut.

    The weights of all generated events, written or not, sum to the cross section: the
    sum over the files is the cross section times the efficiency of the cut, and times
    a luminosity [1/pb] it is a number of events. Take all files of a sample or none.
    Random numbers depend on (seed, process, block) alone, so no byte depends on
    `jobs`; a file that is there is kept, so an interrupted sample goes on where it
    was.

    Parameters
    ----------
    process : str or Card
        A process whose card has `cross_section`.
    num_generated : int
        Events to generate, >= 1; rounded up to whole blocks, the same in every file.
    seed : int
        Any integer; another seed gives independent events.
    directory : Path or str
        Made if it is not there.
    num_files : int
        Files to write, >= 1: what an interruption can lose.
    responses : int
        How often the detector measures each event, >= 1. Detector effects are cheap
        to repeat and the event is not; but only the detector differs, so these are
        fewer events than they look: `oddjet.stats.effective_events` knows.
    jobs : int
        Processes, as in `oddjet.simulate.generate.simulate`.
    progress : Progress, optional

    Returns
    -------
    list of Path

    Raises
    ------
    MissingExtra
        pythia8mc is not installed.
    UserError
        An unknown process or one without weights, a number below 1, or a file that
        cannot be written.
    """
    card = process if isinstance(process, Card) else load_card(process)
    numbers = {
        "num_generated": num_generated,
        "num_files": num_files,
        "responses": responses,
        "jobs": jobs,
    }
    _check_request(card, numbers)
    require("pythia8mc", extra="sim")
    progress = progress or Progress.silent()
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    blocks = math.ceil(num_generated / (card.block_events * num_files))
    make_block = partial(
        simulate_block,
        card,
        seed=seed,
        met_min_gev=card.met_min_gev,
        responses=responses,
    )
    stem = f"{card.process}_g{num_generated}_r{responses}_seed{seed}"
    paths = [
        folder / f"{stem}_{number + 1:04d}of{num_files:04d}.parquet"
        for number in range(num_files)
    ]
    total = num_files * blocks
    with progress.task(f"simulate {card.process}", total=total) as task:
        for number, path in enumerate(paths):
            wanted = range(number * blocks, (number + 1) * blocks)
            if path.exists():
                task.advance(blocks)
                continue
            with blocks_of(make_block, wanted, jobs=jobs) as made:
                write_events(path, _weighted(made, 1 / total, task))
    return paths


def _check_request(card: Card, numbers: dict[str, int]) -> None:
    for name, value in numbers.items():
        if value < 1:
            message = f"simulate_weighted: {name} must be >= 1, got {value}"
            raise UserError(message)
    if not card.cross_section:
        message = (
            f"simulate_weighted: {card.process} has no weights; use `oddjet simulate`"
        )
        raise UserError(message)


def _weighted(blocks: Iterator[ak.Array], share: float, task: Task) -> Iterator[Events]:
    for events in blocks:
        events["weight"] = events.weight * share
        task.advance()
        yield Events(events, role="mc")
