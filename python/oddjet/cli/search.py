"""`oddjet search`: from a configuration to a significance."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from oddjet.cli.options import config_argument, jobs_option

__all__ = ["search"]


@click.command()
@config_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The run directory; one that was interrupted goes on.",
)
@jobs_option
@click.option(
    "--unblind", is_flag=True, help="Look at a signal region of data; recorded."
)
@click.option(
    "--null",
    is_flag=True,
    help="Search one half of the control region against the other.",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    help="Where networks train, instead of training.device.",
)
def search(
    config: Path,
    *,
    output: Path,
    jobs: int,
    unblind: bool,
    null: bool,
    device: Literal["cpu", "cuda"] | None,
) -> None:
    """Run the search that CONFIG describes and write a report."""
    from oddjet.report.wording import answer
    from oddjet.runs.progress import Progress
    from oddjet.searches import MonoJet

    chosen = MonoJet.from_yaml(config)
    if device is not None:
        chosen = chosen.on_device(device)
    with Progress() as progress:
        result = chosen.run(
            directory=output, jobs=jobs, unblind=unblind, null=null, progress=progress
        )
    click.echo(answer(result.results).sentence)
    click.echo(f"report: {output / 'report.html'}")
