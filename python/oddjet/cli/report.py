"""`oddjet report`: the page of a finished search or study, made again."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write; by default RUN/report.html.",
)
def report(run: Path, *, output: Path | None) -> None:
    """Write the page of a finished RUN again."""
    page = output or run / "report.html"
    if (run / "study.json").is_file():
        from oddjet.studies.reading import redraw_study

        said = redraw_study(run, page)["table"]
    else:
        from oddjet.searches import Result
        from oddjet.searches.reading import search_class

        result = Result.load(run)
        result.report(page)
        said = search_class(result.results).answer(result.results).sentence
    click.echo(said)
    click.echo(f"report: {page}")
