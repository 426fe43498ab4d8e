"""What a finished stage was made from, where all of it is still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oddjet.runs.digests import digest_file
from oddjet.runs.errors import UserError
from oddjet.runs.manifest import find_damage, read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MadeFrom", "content_digest", "made_from"]


@dataclass(frozen=True)
class MadeFrom:
    """Enough to make a stage again, with the code of today.

    Attributes
    ----------
    arguments : mapping
        As plain data.
    inputs : mapping of str to Path
        Directories of the stages upstream.
    """

    arguments: Mapping[str, Any]
    inputs: Mapping[str, Path]


def made_from(run: Path, stage: str, *, command: str) -> MadeFrom:
    """Find what a stage was made from: its inputs, and sources within the run.

    Parameters
    ----------
    run : Path
        The run directory, locked.
    stage : str
        The name of a stage whose `sources` are files and other stages of the same
        run, by their paths in it, with the digests that `content_digest` gives.
    command : str
        What makes that which is missing, for the message.

    Returns
    -------
    MadeFrom

    Raises
    ------
    UserError
        The stage is not there, or what it was made from is incomplete, damaged or has
        been made anew since.
    """
    room = run / "stages"
    manifest = read_manifest(room / stage)
    parts = {"inputs": {}, "sources": {}} if manifest is None else manifest.key_parts
    wanted = {room / name: digest for name, digest in parts["inputs"].items()}
    wanted |= {run / name: digest for name, digest in parts["sources"].items()}
    if manifest is None or any(
        content_digest(place) != digest for place, digest in wanted.items()
    ):
        message = (
            f"{run} has lost some of its stages, so its page cannot be drawn again;"
            f" run `{command}` once more with the same output directory"
        )
        raise UserError(message)
    inputs = {name: room / name for name in parts["inputs"]}
    return MadeFrom(manifest.key_parts["arguments"], inputs)


def content_digest(place: Path) -> str | None:
    """Give the digest of a file, or of the outputs of a stage.

    None if there is nothing, or if the outputs are not as the stage left them.
    """
    if place.is_file():
        return digest_file(place)
    manifest = read_manifest(place)
    if manifest is None or find_damage(place, manifest) is not None:
        return None
    return manifest.outputs_digest
