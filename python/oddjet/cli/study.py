"""`oddjet study`: what is measured on simulated events of known processes."""

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
    """Run the study that CONFIG describes, and write a table.

    `study: tables` searches mixtures: rows of Tables 1-5 of arXiv:2204.11889 at any
    size, label permutations, injections of rising size, and control regions that stand
    for a signal region. `study: lund` trains LundNet on semi-visible jets and measures
    the area under its curve at every point of the signal grid.
    """
    from oddjet.runs.config import load_yaml
    from oddjet.runs.progress import Progress

    with Progress() as progress:
        if load_yaml(config).get("study") == "lund":
            from oddjet.studies.lund import LundStudy

            areas = LundStudy.from_yaml(config).run(
                output, jobs=jobs, progress=progress
            )
            click.echo(areas)
            click.echo(f"study: {output / 'auc.csv'}")
            return
        from oddjet.studies.tables import TableStudy

        found = TableStudy.from_yaml(config).run(output, jobs=jobs, progress=progress)
    click.echo(found["table"])
    click.echo(f"study: {output / 'study.json'}")
