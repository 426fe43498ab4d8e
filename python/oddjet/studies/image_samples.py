"""From events to images of their two jets: selected once, drawn once, copies apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.events.source_hash import source_hash
from oddjet.images import dijet_images
from oddjet.io import describe, iterate
from oddjet.learn.sparse_images import SparseImages
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.searches.copied_events import refuse_equal_rows
from oddjet.searches.event_table import refuse_copies
from oddjet.select.hidden_valley import select_hidden_valley
from oddjet.studies.augmentation import augment_jets
from oddjet.studies.images_config import MASS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.select.hidden_valley import HiddenValleyCuts
    from oddjet.studies.augmentation import AugmentationConfig
    from oddjet.studies.images_config import ImageConfig
    from oddjet.studies.windows import Windows

__all__ = [
    "ImageSample",
    "draw_images",
    "read_copies",
    "read_images",
    "refuse_copied_jets",
    "select_dijets",
]

JETS, IMAGES, CUTFLOW = "jets.parquet", "images.parquet", "cutflow.csv"
_SALT = 0x6F64646A65740007
#: Images that are dense at once: 45 MB with 75 pixels.
_EVENTS_AT_ONCE = 1000
#: Constituents by which jets are compared.
_COMPARED = 5


@dataclass(frozen=True)
class ImageSample:
    """Images of events with what decides about them.

    Attributes
    ----------
    images : SparseImages
    columns : dict of name to float64, shape (events,)
        The mass of both jets [GeV]: never an input of a network.
    weights : float64, shape (events,)
    """

    images: SparseImages
    columns: dict[str, NDArray[np.float64]]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the events."""
        return len(self.weights)


def select_dijets(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,
    *,
    sample: str,
    cuts: HiddenValleyCuts,
    windows: Windows,
    paths: tuple[str, ...],
) -> None:
    """Select the events of a sample and keep their two jets, as a stage.

    Raises
    ------
    UserError
        No event of a region is left, or events are copies of others.
    """
    parts, cutflows = [], []
    with progress.task(f"select {sample}", total=describe(paths).num_events) as task:
        for events in iterate(paths, columns=["particles", "weight", "id"]):
            found = select_hidden_valley(events, cuts)
            record = ak.zip(
                {
                    MASS: found.mass,
                    "weight": found.weights,
                    "source": source_hash(events.id[found.mask], _SALT),
                    "jets": ak.without_field(found.jets, "constituent_index"),
                },
                depth_limit=1,
            )
            used = windows.inside({MASS: found.mass}) | windows.beside(
                {MASS: found.mass}
            )
            parts.append(record[used])
            cutflows.append(found.cutflow)
            task.advance(len(events))
    kept = ak.concatenate(parts)
    mass = {MASS: ak.to_numpy(kept[MASS])}
    for name, chosen in (
        ("signal region", windows.inside(mass)),
        ("sidebands", windows.beside(mass)),
    ):
        if not chosen.any():
            message = (
                f"no event of the {sample} lies in the {name} of {MASS} after the"
                " selection; look at its files, or change the windows or the cuts"
            )
            raise UserError(message)
    refuse_copies(ak.to_numpy(kept.source), f"the {sample}")
    refuse_copied_jets(kept.jets, f"the {sample}")
    cutflow = sum(cutflows[1:], start=cutflows[0])
    (directory / CUTFLOW).write_text(cutflow.to_csv(), encoding="utf-8")
    ak.to_parquet(kept, directory / JETS, compression="zstd")


def refuse_copied_jets(jets: ak.Array, where: str) -> None:
    """Refuse augmented copies that have lost the id of their source.

    Turned or smeared directions leave every pT of the constituents as it was, smeared
    pT leaves the directions: the hardest jets are compared by the five hardest of their
    constituents, and by the directions of the five of the smallest pseudorapidity, as
    `refuse_equal_rows` does. What changed all of it is not found.

    Parameters
    ----------
    jets : awkward array, one list of jets an event
        With `constituents`.
    where : str
        What the sample holds, for the message.

    Raises
    ------
    UserError
        More events have such jets than different ones could.
    """
    hardest = jets[:, 0].constituents
    enough = hardest[ak.num(hardest) >= _COMPARED]
    if not len(enough):
        return
    by_pt, by_eta = (
        enough[ak.argsort(enough[name], axis=1, ascending=name == "eta", stable=True)]
        for name in ("pt", "eta")
    )
    for some, names in ((by_pt, ("pt",)), (by_eta, ("eta", "phi"))):
        rows = [ak.to_numpy(some[name][:, :_COMPARED]) for name in names]
        refuse_equal_rows(np.concatenate(rows, axis=1).astype(np.float64), where)


def draw_images(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    sample: str,
    images: ImageConfig,
    augmentation: AugmentationConfig | None,
    seed: int,
) -> None:
    """Draw the events of a sample, or copies of all of them, as a stage.

    Copies depend on the event alone. Which of them train follows from the split of
    their sources.
    """
    jets = ak.from_parquet(inputs[sample] / JETS, columns=["jets"]).jets
    jets = ak.with_name(jets, "Momentum4D")
    seed = derive_seed(seed, "copies", sample)
    copies = range(1) if augmentation is None else range(1, augmentation.copies + 1)
    writer = None
    with progress.task(f"draw {sample}", total=len(jets) * len(copies)) as task:
        for copy in copies:
            for first in range(0, len(jets), _EVENTS_AT_ONCE):
                some = jets[first : first + _EVENTS_AT_ONCE]
                if augmentation is not None:
                    some = augment_jets(
                        some, augmentation, seed=seed, copy=copy, first_event=first
                    )
                drawn = dijet_images(
                    some,
                    bins=images.bins,
                    half_width=images.half_width,
                    normalise=images.normalise,
                )
                table = _to_table(SparseImages.of(drawn))
                writer = writer or pq.ParquetWriter(
                    directory / IMAGES, table.schema, compression="zstd"
                )
                writer.write_table(table)
                task.advance(len(some))
    if writer is not None:
        writer.close()


def read_images(selected: Path, drawn: Path, bins: int) -> ImageSample:
    """Read what the stages `select_dijets` and `draw_images` left, of the originals."""
    table = ak.from_parquet(selected / JETS, columns=[MASS, "weight"])
    weights, mass = (
        np.asarray(ak.to_numpy(table[name]), np.float64) for name in ("weight", MASS)
    )
    return ImageSample(read_copies(drawn, bins), {MASS: mass}, weights)


def read_copies(drawn: Path, bins: int) -> SparseImages:
    """Read images: all events, of copies once a copy."""
    table = pq.read_table(drawn / IMAGES).combine_chunks()
    pixels, values = (table[name].combine_chunks() for name in ("pixels", "values"))
    return SparseImages(
        pixels.offsets.to_numpy().astype(np.int64),
        pixels.values.to_numpy(),
        values.values.to_numpy(),
        (2, bins, bins),
    )


def _to_table(images: SparseImages) -> pa.Table:
    offsets = pa.array(images.offsets)
    columns = {"pixels": images.pixels, "values": images.values}
    return pa.table(
        {
            name: pa.LargeListArray.from_arrays(offsets, pa.array(column))
            for name, column in columns.items()
        }
    )
