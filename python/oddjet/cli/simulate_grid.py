"""`oddjet simulate-grid`: semi-visible jets at every point of a grid."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import events_seed_option, jobs_option

__all__ = ["simulate_grid"]


@click.command(
    "simulate-grid", short_help="Generate semi-visible jets at all points of a grid."
)
@click.option(
    "--mass",
    "masses",
    type=click.FloatRange(min=0, min_open=True),
    multiple=True,
    required=True,
    help="Mass of the Z' [GeV]; may be given several times.",
)
@click.option(
    "--r-inv",
    "r_invs",
    type=click.FloatRange(min=0, max=1),
    multiple=True,
    required=True,
    help="Invisible fraction; may be given several times.",
)
@click.option(
    "--dark-mass",
    type=float,
    default=20.0,
    show_default=True,
    help="Mass of the dark mesons [GeV].",
)
@click.option(
    "-n",
    "--num-events",
    type=click.IntRange(min=1),
    required=True,
    help="Events in each file.",
)
@events_seed_option
@jobs_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The directory to write to; files that are there are kept.",
)
def simulate_grid(
    *,
    masses: tuple[float, ...],
    r_invs: tuple[float, ...],
    dark_mass: float,
    num_events: int,
    seed: int,
    jobs: int,
    output: Path,
) -> None:
    """Generate s-channel semi-visible jets for every mass and invisible fraction."""
    from oddjet.runs.progress import Progress
    from oddjet.simulate.svj_grid import simulate_grid as generate
    from oddjet.simulate.svj_grid import svj_grid

    cards = svj_grid(masses, r_invs, dark_mass_gev=dark_mass)
    with Progress() as progress:
        for path in generate(
            cards,
            num_events=num_events,
            seed=seed,
            directory=output,
            jobs=jobs,
            progress=progress,
        ):
            click.echo(path)
