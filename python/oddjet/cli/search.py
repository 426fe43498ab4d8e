"""`oddjet search`: from a configuration to a significance."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from oddjet.cli.options import config_argument, jobs_option

if TYPE_CHECKING:
    from oddjet.searches import Dijet, Svj

__all__ = ["search"]


@click.command(short_help="Run the search that CONFIG describes.")
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
    help="Do the tasks of a dijet or semi-visible jet search on a Dask cluster: --jobs"
    " processes here, or a scheduler's address.",
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

    kind = load_yaml(config).get("search")
    of_tasks = {"dijet": ("dijet", _dijet), "svj": ("semi-visible jet", _svj)}
    name, run = of_tasks.get(str(kind), ("mono-jet", None))
    for option, given in (("--null", null), ("--device", device is not None)):
        if run is not None and given:
            message = f"{option} is for mono-jet searches; {config} is a {name} search"
            raise UserError(message)
    if run is None and dask is not None:
        message = (
            f"--dask is for dijet and semi-visible jet searches; {config} is a"
            " mono-jet search"
        )
        raise UserError(message)
    sentence = (
        _monojet(config, output, jobs=jobs, unblind=unblind, null=null, device=device)
        if run is None
        else run(config, output, jobs=jobs, unblind=unblind, dask=dask)
    )
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
    from oddjet.report.dijet_wording import dijet_answer
    from oddjet.searches import Dijet

    search = Dijet.from_yaml(config)
    return dijet_answer(
        _run_tasks(search, output, jobs=jobs, unblind=unblind, dask=dask)
    ).sentence


def _svj(
    config: Path, output: Path, *, jobs: int, unblind: bool, dask: str | None
) -> str:
    from oddjet.report.svj_page import svj_answer
    from oddjet.searches import Svj

    search = Svj.from_yaml(config)
    return svj_answer(
        _run_tasks(search, output, jobs=jobs, unblind=unblind, dask=dask)
    ).sentence


def _run_tasks(
    search: Dijet | Svj, output: Path, *, jobs: int, unblind: bool, dask: str | None
) -> dict[str, Any]:
    """Run a search that is a graph of tasks."""
    from oddjet.campaigns.dask_crew import dask_crew
    from oddjet.runs.progress import Progress

    with Progress() as progress, ExitStack() as stack:
        crew = None
        if dask is not None:
            crew = stack.enter_context(dask_crew(dask, workers=jobs))
        return search.run(
            output, jobs=jobs, crew=crew, unblind=unblind, progress=progress
        )
