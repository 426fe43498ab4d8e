"""`oddjet search`: from a configuration to a significance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from oddjet.cli.options import chosen_crew, config_argument, jobs_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.searches import Dijet, MonoJet, Svj
    from oddjet.searches.search import Search

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
    from oddjet.searches import MonoJet
    from oddjet.searches.reading import search_class

    chosen = search_class(load_yaml(config))
    if issubclass(chosen, MonoJet):
        _refuse({"--dask": dask is not None}, config, chosen, "dijet and svj")
        wanted = chosen.from_yaml(config)
        if device is not None:
            wanted = wanted.on_device(device)
        results = _run(wanted, output, jobs=jobs, unblind=unblind, null=null)
    else:
        given = {"--null": null, "--device": device is not None}
        _refuse(given, config, chosen, "mono-jet")
        results = _run_tasks(
            chosen.from_yaml(config), output, jobs=jobs, unblind=unblind, dask=dask
        )
    click.echo(chosen.answer(results).sentence)
    click.echo(f"report: {output / 'report.html'}")


def _refuse(
    options: Mapping[str, bool], config: Path, chosen: type[Search[Any]], others: str
) -> None:
    """Refuse options that were given and are for other searches."""
    from oddjet.runs.errors import UserError

    for option, given in options.items():
        if given:
            message = (
                f"{option} is for {others} searches; {config} is a {chosen.title}"
                " search"
            )
            raise UserError(message)


def _run(
    search: MonoJet, output: Path, *, jobs: int, unblind: bool, null: bool
) -> dict[str, Any]:
    from oddjet.runs.progress import Progress

    with Progress() as progress:
        result = search.run(
            directory=output, jobs=jobs, unblind=unblind, null=null, progress=progress
        )
    return result.results


def _run_tasks(
    search: Dijet | Svj, output: Path, *, jobs: int, unblind: bool, dask: str | None
) -> dict[str, Any]:
    """Run a search that is a graph of tasks."""
    from oddjet.runs.progress import Progress

    with Progress() as progress, chosen_crew(dask, jobs=jobs) as crew:
        return search.run(
            output, jobs=jobs, crew=crew, unblind=unblind, progress=progress
        )
