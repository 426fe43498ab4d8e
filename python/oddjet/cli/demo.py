"""`oddjet demo`: simulated collisions, searched with and without a signal."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import jobs_option

__all__ = ["demo"]


@click.command(short_help="Search simulated collisions with and without a signal.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/demo"),
    show_default=True,
    help="Takes samples, both searches and index.html.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Decides collisions, detector and training.",
)
@jobs_option
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Multiplies the size of the samples.",
)
def demo(output: Path, *, seed: int, jobs: int, scale: float) -> None:
    """Simulate collisions and search them with and without a signal."""
    from oddjet.report.wording import answer
    from oddjet.runs.progress import Progress
    from oddjet.searches.demo import run_demo

    with Progress() as progress:
        progress.note(
            f"demo with seed {seed}: {jobs} processes, one PyTorch thread a network"
        )
        results = run_demo(output, seed=seed, jobs=jobs, scale=scale, progress=progress)
    for name, result in results.items():
        click.echo(f"{name}: {answer(result.results).sentence}")
    click.echo(f"open {output / 'index.html'}")
