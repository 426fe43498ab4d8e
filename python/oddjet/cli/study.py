"""`oddjet study`: what is measured on simulated events of known processes."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import chosen_crew, config_argument, jobs_option

__all__ = ["study"]


@click.command(short_help="Run the study that CONFIG describes.")
@config_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The directory of the study; one that was interrupted goes on.",
)
@jobs_option
@click.option(
    "--dask",
    metavar="local|ADDRESS",
    help="Do the stages on a Dask cluster: --jobs processes here, or a scheduler's"
    " address.",
)
def study(config: Path, *, output: Path, jobs: int, dask: str | None) -> None:
    """Study what CONFIG describes and write a table and a page.

    \b
    study: tables       rows of Tables 1-5 of arXiv:2204.11889 at any size, label
                        permutations, other files in the control region
    study: sensitivity  the smallest signal for 3 and 5 sigma, by injection
    study: assumption   may one sample stand for another? Must be indistinguishable
    study: mixed        AUC against the signal fraction of two mixtures
    study: hunting      a mass window against its sidebands, with signals of many
                        sizes and none, and which features know the mass
    study: images       networks of jet images against S/sqrt(B), with copies of events
                        and more luminosity as a control
    study: lund         LundNet on semi-visible jets, AUC at every point of a grid
    """  # noqa: D301 - click wants the character, which keeps lines as they are
    from oddjet.runs.progress import Progress
    from oddjet.studies.reading import read_study

    chosen = read_study(config)
    with Progress() as progress, chosen_crew(dask, jobs=jobs) as crew:
        found = chosen.run(output, jobs=jobs, crew=crew, progress=progress)
    click.echo(found["table"])
    click.echo(f"study: {output}")
