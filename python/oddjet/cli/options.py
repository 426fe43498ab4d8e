"""Options that several commands share."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oddjet.runs.crew import Crew

__all__ = [
    "chosen_crew",
    "config_argument",
    "events_seed_option",
    "format_option",
    "jobs_option",
    "skip_bad_files_option",
]

config_argument = click.argument(
    "config", type=click.Path(dir_okay=False, path_type=Path)
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes at work; never changes a result.",
)
events_seed_option = click.option(
    "--seed", type=int, default=1, show_default=True, help="Decides every event."
)
format_option = click.option(
    "--format",
    metavar="NAME|MAP.yaml",
    help="Format of the files, or a YAML map of their columns; by default their"
    " content decides.",
)
skip_bad_files_option = click.option(
    "--skip-bad-files",
    is_flag=True,
    help="Go on past files, and ends of files, that cannot be read, and list them"
    " with the events lost.",
)


@contextmanager
def chosen_crew(dask: str | None, *, jobs: int) -> Iterator[Crew | None]:
    """Lend the cluster that `--dask` names; None where processes here do the work."""
    if dask is None:
        yield None
        return
    from oddjet.campaigns.dask_crew import dask_crew

    with dask_crew(dask, workers=jobs) as crew:
        yield crew
