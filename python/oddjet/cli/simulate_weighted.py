"""`oddjet simulate-weighted`: events whose weights sum to a cross section."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import events_seed_option, jobs_option

__all__ = ["simulate_weighted"]


@click.command(
    "simulate-weighted", short_help="Generate events of PROCESS with weights [pb]."
)
@click.argument("process")
@click.option(
    "--generated",
    "num_generated",
    type=click.IntRange(min=1),
    required=True,
    help="Events to generate; those that pass the cuts of the process are written.",
)
@click.option(
    "--responses",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How often the detector measures each event.",
)
@click.option(
    "--files",
    "num_files",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Files to write; those that are there are kept.",
)
@events_seed_option
@jobs_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The directory to write to.",
)
def simulate_weighted(
    process: str,
    *,
    num_generated: int,
    responses: int,
    num_files: int,
    seed: int,
    jobs: int,
    output: Path,
) -> None:
    """Generate events of PROCESS with weights [pb] that sum to its cross section.

    PROCESS is qcd_weighted, ttbar_weighted, wjet_weighted or zjet_weighted, the
    backgrounds of semi-visible jets; multib_weighted, that of two Higgs bosons to four
    b quarks; or qcd_dijet_weighted, that of dijet resonances, with rare events
    preferred; or qcd_dijet_tail_weighted, with equal weights.
    """
    import numpy as np

    from oddjet.io.read import read
    from oddjet.runs.progress import Progress
    from oddjet.simulate.weighted import simulate_weighted as generate
    from oddjet.stats.effective_events import effective_events

    with Progress() as progress:
        paths = generate(
            process,
            num_generated=num_generated,
            seed=seed,
            directory=output,
            num_files=num_files,
            responses=responses,
            jobs=jobs,
            progress=progress,
        )
    for path in paths:
        click.echo(path)
    # Met comes along because a file of events is read by its collections.
    samples = [read(str(path), columns=["met"]) for path in paths]
    weight = np.concatenate([events.weight.to_numpy() for events in samples])
    ids = {
        name: np.concatenate([events.id[name].to_numpy() for events in samples])
        for name in ("run", "lumi", "event")
    }
    number = effective_events(weight, ids)
    click.echo(
        f"{len(weight):,} events written, {weight.sum():.4g} pb, worth {number:,.0f} "
        "events of equal weight"
    )
