"""`oddjet init`: a commented configuration to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from oddjet.runs.config import ConfigModel

__all__ = ["init"]

#: What is to be filled in.
_SEARCHES = {
    "monojet": "signal_region.files and control_region.files",
    "dijet": "data.files and simulation.files",
    "svj": "the files of background, signal and data",
}
_STUDIES = {
    "tables": "signal.files, background.zjet.files and rows",
    "sensitivity": "signal.files, background.zjet.files and injected",
    "assumption": "samples.znunu.files and samples.zll.files",
    "mixed": "signal.files and background.files",
    "hunting": "signal.files, background.files and signal_events",
    "images": "signal.files and background.files",
    "lund": "the files of signal and background",
}


@click.command(short_help="Write a configuration with every key explained.")
@click.argument("search", type=click.Choice([*_SEARCHES, *_STUDIES]))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default SEARCH.yaml.",
)
def init(search: str, output: Path | None) -> None:
    """Write a configuration of SEARCH, or of a study, with every key explained."""
    from oddjet.runs.atomic import write_text_atomic
    from oddjet.runs.config import commented_yaml
    from oddjet.runs.errors import UserError

    path = output or Path(f"{search}.yaml")
    if path.exists():
        message = f"{path} exists already; remove it or choose another name with -o"
        raise UserError(message)
    write_text_atomic(path, commented_yaml(_config_class(search)))
    files = (_SEARCHES | _STUDIES)[search]
    click.echo(f"wrote {path}: fill in {files}, then oddjet check {path}")


def _config_class(name: str) -> type[ConfigModel]:
    if name in _STUDIES:
        from oddjet.studies.reading import study_class

        return study_class(name).config_class
    from oddjet.searches import DijetConfig, MonoJetConfig, SvjConfig

    searches: dict[str, type[ConfigModel]] = {
        "monojet": MonoJetConfig,
        "dijet": DijetConfig,
        "svj": SvjConfig,
    }
    return searches[name]
