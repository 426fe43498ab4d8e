"""`oddjet study`: what a method does where the truth is known."""

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
    """Study what CONFIG describes, whose key `study` says which it is.

    tables: searches of known mixtures, rows of Tables 1-5 of arXiv:2204.11889 at any
    size, label permutations, injections of rising size, and control regions that
    stand for a signal region. mixed: AUC against the signal fraction of two mixtures.
    hunting: a mass window against its sidebands with signals of many sizes and none,
    and which features know the mass.
    """
    from oddjet.runs.config import load_yaml
    from oddjet.runs.progress import Progress
    from oddjet.studies.feature_study import FEATURE_STUDIES, FeatureStudy
    from oddjet.studies.tables import TableStudy

    name = load_yaml(config).get("study", "tables")
    of_features = isinstance(name, str) and name in FEATURE_STUDIES
    chosen: FeatureStudy | TableStudy = (
        FeatureStudy.from_yaml(config, name)
        if of_features
        else TableStudy.from_yaml(config)
    )
    with Progress() as progress:
        found = chosen.run(output, jobs=jobs, progress=progress)
    click.echo(found["table"])
    click.echo(f"study: {output / 'study.json'}")
