"""`oddjet distill`: a small network that selects as a model does."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

__all__ = ["distill"]


@click.command(short_help="Train a small network on the scores of MODEL.")
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The student: a model file as any other.",
)
@click.option(
    "--student",
    type=click.Choice(["mlp", "deep_sets", "lite"]),
    default="deep_sets",
    show_default=True,
    help="mlp: on high-level quantities of the jet. lite: a small graph.",
)
@click.option(
    "--latency-us",
    type=click.FloatRange(min=0, min_open=True),
    default=100.0,
    show_default=True,
    help="Take the largest student whose network takes this for one jet, in 99 of 100"
    " cases, on one core of this machine.",
)
@click.option(
    "--jets",
    type=click.IntRange(min=1),
    default=200_000,
    show_default=True,
    help="Use at most so many jets, from the beginning of FILES.",
)
@click.option(
    "--signal",
    multiple=True,
    help="Events of a signal; how many both select is told, too. May be repeated.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--threads", type=click.IntRange(min=1, max=256), default=1, show_default=True
)
def distill(
    model: Path,
    files: tuple[str, ...],
    *,
    output: Path,
    student: Literal["mlp", "deep_sets", "lite"],
    latency_us: float,
    jets: int,
    signal: tuple[str, ...],
    epochs: int,
    seed: int,
    threads: int,
) -> None:
    """Train a small network on the scores of MODEL over the unlabelled jets of FILES.

    Says at each working point which share of MODEL's selection it keeps, on jets that
    it has not seen.
    """
    from oddjet.learn.distillation import distill as distilled
    from oddjet.learn.student_config import StudentTraining
    from oddjet.runs.progress import Progress

    with Progress() as progress:
        report = distilled(
            model,
            files,
            output,
            kind=student,
            latency_us=latency_us,
            training=StudentTraining(epochs=epochs, threads=threads),
            most_jets=jets,
            signal=signal or None,
            seed=seed,
            progress=progress,
        )
    click.echo(f"wrote {output}")
    click.echo(str(report))
