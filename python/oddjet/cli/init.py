"""`oddjet init`: a commented configuration to fill in."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["init"]


@click.command()
@click.argument("search", type=click.Choice(["monojet", "dijet", "svj"]))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default SEARCH.yaml.",
)
def init(search: str, output: Path | None) -> None:
    """Write a configuration of SEARCH with every key explained."""
    from oddjet.runs.atomic import write_text_atomic
    from oddjet.runs.config import ConfigModel, commented_yaml
    from oddjet.runs.errors import UserError
    from oddjet.searches import DijetConfig, MonoJetConfig, SvjConfig

    path = output or Path(f"{search}.yaml")
    if path.exists():
        message = f"{path} exists already; remove it or choose another name with -o"
        raise UserError(message)
    configs: dict[str, tuple[type[ConfigModel], str]] = {
        "monojet": (MonoJetConfig, "signal_region.files and control_region.files"),
        "dijet": (DijetConfig, "data.files and simulation.files"),
        "svj": (SvjConfig, "the files of background, signal and data"),
    }
    config, files = configs[search]
    write_text_atomic(path, commented_yaml(config))
    click.echo(f"wrote {path}: fill in {files}, then oddjet check {path}")
