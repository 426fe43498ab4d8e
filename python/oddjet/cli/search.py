"""`oddjet search`: from a configuration to a significance."""

from __future__ import annotations

from pathlib import Path

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
def search(config: Path, *, output: Path, jobs: int, unblind: bool) -> None:
    """Run the search that CONFIG describes and write a report."""
    from oddjet.report.wording import answer
    from oddjet.runs.progress import Progress
    from oddjet.searches import MonoJet

    with Progress() as progress:
        result = MonoJet.from_yaml(config).run(
            directory=output, jobs=jobs, unblind=unblind, progress=progress
        )
    click.echo(answer(result.results).sentence)
    click.echo(f"report: {output / 'report.html'}")
