"""Jet images: what a network learns from regions of a mass, against S / sqrt(B).

The Hidden Valley study of F.-Y. Hsieh, note "CWoLa" (unpublished), section 4, with the
split before the augmentation.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oddjet.io.source_digest import source_digest
from oddjet.runs.config import dump_yaml
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.image_points import (
    BACKGROUND,
    POINT,
    SIGNAL,
    check_numbers,
    make_point,
)
from oddjet.studies.image_samples import draw_images, select_dijets
from oddjet.studies.images_config import ImagesStudyConfig
from oddjet.studies.images_page import images_report, images_table
from oddjet.studies.study import COLLECT, Study, leave
from oddjet.studies.variants import Variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.runs.progress import Progress

__all__ = ["ImagesStudy"]


class ImagesStudy(Study[ImagesStudyConfig]):
    """Networks of jet images with signals of many sizes, and copies of events."""

    config_class = ImagesStudyConfig

    def stages(self, checkpoints: Path) -> list[Stage]:  # noqa: ARG002 - none needed
        """Plan the study: events, images, copies, a point a stage, the curves."""
        config = self.config
        selects = [self._select(name) for name in (SIGNAL, BACKGROUND)]
        draws = [
            self._draw(name, variant)
            for variant in config.variants()
            if variant.augmentation is not None or variant.luminosity == 1
            for name in (SIGNAL, BACKGROUND)
        ]
        numbers = Stage(
            "numbers",
            check_numbers,
            inputs=_inputs(Variant(name=ORIGINAL)),
            arguments={"study": _without_files(config)},
        )
        points = self._points()
        names = tuple(point.name for point in points)
        collect = Stage(
            COLLECT,
            self.collect,
            inputs=names,
            arguments={"points": names, "study": self.shown},
        )
        return [*selects, *draws, numbers, *points, collect]

    def _points(self) -> list[Stage]:
        config = self.config
        # What a point does not depend on must not make it again.
        shared = _without_files(config).model_copy(
            update={
                "sensitivities": (0.0,), "compared_at": (), "luminosities": (),
                "augmentations": {},
            }
        )  # fmt: skip
        return [
            Stage(
                f"point-{variant.name}-{round(1000 * sensitivity):06d}",
                make_point,
                inputs=_inputs(variant),
                arguments={
                    "study": shared, "variant": variant, "sensitivity": sensitivity,
                },
                sources={"made_with": digest(provenance())},
            )
            for variant, sensitivity in config.points()
        ]  # fmt: skip

    def _select(self, name: str) -> Stage:
        files = getattr(self.config, name).find(self.base)
        return Stage(
            name,
            select_dijets,
            arguments={
                "sample": name,
                "cuts": self.config.selection,
                "windows": self.config.windows,
            },
            sources={
                "content": source_digest(files),
                "made_with": digest(provenance()),
            },
            untracked={"paths": tuple(str(file) for file in files)},
        )

    def _draw(self, name: str, variant: Variant) -> Stage:
        suffix = "" if variant.augmentation is None else f"-{variant.name}"
        return Stage(
            f"images-{name}{suffix}",
            draw_images,
            inputs=(name,),
            arguments={
                "sample": name,
                "images": self.config.images,
                "augmentation": variant.augmentation,
                "seed": self.config.seed,
            },
        )

    @property
    def shown(self) -> ImagesStudyConfig:
        """The configuration without its files: what they hold enters by the stages."""
        return _without_files(self.config)

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        points: tuple[str, ...],
        study: ImagesStudyConfig,
    ) -> None:
        """Put the points together, as a stage."""
        found = [
            json.loads((inputs[name] / POINT).read_text("utf-8")) for name in points
        ]
        results = {"points": found, "table": images_table(found)}
        leave(directory, results, images_report(found, dump_yaml(study)))


def _inputs(variant: Variant) -> tuple[str, ...]:
    names = [SIGNAL, BACKGROUND, *(f"images-{n}" for n in (SIGNAL, BACKGROUND))]
    if variant.augmentation is not None:
        names += [f"images-{name}-{variant.name}" for name in (SIGNAL, BACKGROUND)]
    return tuple(names)


def _without_files(config: ImagesStudyConfig) -> ImagesStudyConfig:
    """Leave out where files are: what they hold enters by the stages."""
    nothing = {"files": ("-",)}
    return config.model_copy(
        update={
            name: getattr(config, name).model_copy(update=nothing)
            for name in (SIGNAL, BACKGROUND)
        }
    )
