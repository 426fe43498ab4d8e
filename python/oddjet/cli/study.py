"""`oddjet study`: many searches of known mixtures."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import config_argument, jobs_option

__all__ = ["study"]


@click.command()
@config_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The directory of the study; one that was interrupted goes on.",
)
@jobs_option
def study(config: Path, *, output: Path, jobs: int) -> None:
    """Search the mixtures that CONFIG describes and write a table.

    Rows of Tables 1-5 of arXiv:2204.11889 at any size, label permutations, injections
    of rising size, and control regions that stand for a signal region.
    """
    from oddjet.runs.progress import Progress
    from oddjet.studies.tables import TableStudy

    with Progress() as progress:
        found = TableStudy.from_yaml(config).run(output, jobs=jobs, progress=progress)
    click.echo(found["table"])
    click.echo(f"study: {output / 'study.json'}")
