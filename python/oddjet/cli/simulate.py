"""`oddjet simulate`: collision events of a known process."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import jobs_option

__all__ = ["simulate"]


@click.command()
@click.argument("process")
@click.option(
    "-n",
    "--num-events",
    type=click.IntRange(min=1),
    required=True,
    help="Events in the file.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Decides every event."
)
@jobs_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The Parquet file to write.",
)
def simulate(
    process: str, *, num_events: int, seed: int, jobs: int, output: Path
) -> None:
    """Generate events of PROCESS and measure them with a detector response.

    PROCESS is zjet_nunu (Z to neutrinos, with jets) or svj_monojet
    (semi-visible jets that recoil against a jet).
    """
    from oddjet.runs.progress import Progress
    from oddjet.simulate.generate import simulate as generate

    with Progress() as progress:
        generate(
            process,
            num_events=num_events,
            seed=seed,
            path=output,
            jobs=jobs,
            progress=progress,
        )
