"""`oddjet simulate`: collision events of a known process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from oddjet.cli.options import events_seed_option, jobs_option

__all__ = ["simulate"]


@click.command(short_help="Generate events of PROCESS, with a detector.")
@click.argument("process")
@click.option(
    "-n",
    "--num-events",
    type=click.IntRange(min=1),
    required=True,
    help="Events in the file.",
)
@events_seed_option
@click.option(
    "--pileup",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Mean number of further collisions in an event.",
)
@click.option(
    "--constituents",
    type=click.Choice(["energy_flow", "towers"]),
    default="energy_flow",
    show_default=True,
    help="What the particles of an event are.",
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
    process: str,
    *,
    num_events: int,
    seed: int,
    pileup: float,
    constituents: Literal["energy_flow", "towers"],
    jobs: int,
    output: Path,
) -> None:
    """Generate events of PROCESS and measure them with a detector response.

    PROCESS is zjet_nunu (Z to neutrinos, with jets), zjet_ll, wjet_lnu,
    ttbar_semileptonic, diboson_wz, qcd_dijet, svj_monojet (semi-visible jets),
    higgs_pair_500 (two Higgs bosons to four b quarks), hidden_valley_5500 (dark jets
    of a mediator of 5.5 TeV), qcd_dijet_heavy (their background), or a dijet
    resonance of 3 TeV: wprime_wz, wprime_wz_wide, a0_hz or hvt_wz.
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
            pileup=pileup,
            constituents=constituents,
            progress=progress,
        )
