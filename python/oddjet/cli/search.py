"""`oddjet search`: from a configuration to a significance."""

from __future__ import annotations

from contextlib import ExitStack
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
    help="Search one half of the control region against the other (monojet).",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    help="Where networks of a mono-jet search train, instead of training.device.",
)
@click.option(
    "--dask",
    metavar="local|ADDRESS",
    help="Do the tasks of a dijet search on a Dask cluster: --jobs processes here, or"
    " a scheduler's address.",
)
def search(
    config: Path,
    *,
    output: Path,
    jobs: int,
    unblind: bool,
    null: bool,
    device: Literal["cpu", "cuda"] | None,
    dask: str | None,
) -> None:
    """Run the search that CONFIG describes, whose key `search` says which it is."""
    from oddjet.runs.config import load_yaml
    from oddjet.runs.errors import UserError

    is_dijet = load_yaml(config).get("search") == "dijet"
    for option, given in (("--null", null), ("--device", device is not None)):
        if is_dijet and given:
            message = f"{option} is for mono-jet searches; {config} is a dijet search"
            raise UserError(message)
    if dask is not None and not is_dijet:
        message = f"--dask is for dijet searches; {config} is a mono-jet search"
        raise UserError(message)
    sentence = (
        _dijet(config, output, jobs=jobs, unblind=unblind, dask=dask)
        if is_dijet
        else _monojet(config, output, jobs=jobs, unblind=unblind, null=null,
                      device=device)
    )  # fmt: skip
    click.echo(sentence)
    click.echo(f"report: {output / 'report.html'}")


def _monojet(
    config: Path,
    output: Path,
    *,
    jobs: int,
    unblind: bool,
    null: bool,
    device: Literal["cpu", "cuda"] | None,
) -> str:
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
    return answer(result.results).sentence


def _dijet(
    config: Path, output: Path, *, jobs: int, unblind: bool, dask: str | None
) -> str:
    from oddjet.campaigns.dask_crew import dask_crew
    from oddjet.report.dijet_page import dijet_answer
    from oddjet.runs.progress import Progress
    from oddjet.searches import Dijet

    with Progress() as progress, ExitStack() as stack:
        crew = None
        if dask is not None:
            crew = stack.enter_context(dask_crew(dask, workers=jobs))
        results = Dijet.from_yaml(config).run(
            output, jobs=jobs, crew=crew, unblind=unblind, progress=progress
        )
    return dijet_answer(results).sentence
