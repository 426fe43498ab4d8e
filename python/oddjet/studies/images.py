"""Jet images: what a network learns from regions of a mass, against S / sqrt(B).

The Hidden Valley study of F.-Y. Hsieh, note "CWoLa" (unpublished), section 4, with the
split before the augmentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oddjet.io.source_digest import source_digest
from oddjet.runs.config import dump_yaml
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.image_mixtures import check_numbers, make_mixture_point
from oddjet.studies.image_points import make_point
from oddjet.studies.image_samples import draw_images, select_dijets
from oddjet.studies.images_config import ImagesStudyConfig
from oddjet.studies.images_page import images_report, images_table
from oddjet.studies.study import Study, leave
from oddjet.studies.two_samples import (
    BACKGROUND,
    SIGNAL,
    read_points,
    without_files,
)
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
        # More luminosity takes more of the same images.
        needed = {ORIGINAL}
        needed |= {v.name for v, _ in config.points() if v.augmentation is not None}
        selects = [self._select(name) for name in (SIGNAL, BACKGROUND)]
        draws = [
            self._draw(name, variant)
            for variant in config.variants()
            if variant.name in needed
            for name in (SIGNAL, BACKGROUND)
        ]
        numbers = Stage(
            "numbers",
            check_numbers,
            inputs=_inputs(Variant(name=ORIGINAL)),
            arguments={"study": without_files(config)},
        )
        points = [*self._mixtures(), *self._points()]
        collect = self.collecting(points)
        return [*selects, *draws, numbers, *points, collect]

    def _mixtures(self) -> list[Stage]:
        shared = without_files(
            self.config, fractions=(), sensitivities=(), compared_at=(),
            luminosities=(), augmentations={}, background_events=(10, 10),
            background_efficiencies=(),
        )  # fmt: skip
        return [
            Stage(
                f"mixture-{round(1000 * fraction):04d}",
                make_mixture_point,
                inputs=_inputs(Variant(name=ORIGINAL)),
                arguments={"study": shared, "fraction": fraction},
                sources={"made_with": digest(provenance())},
            )
            for fraction in sorted(self.config.fractions)
        ]

    def _points(self) -> list[Stage]:
        config = self.config
        # What a point does not depend on must not make it again.
        shared = without_files(
            config, sensitivities=(), compared_at=(), luminosities=(),
            augmentations={}, fractions=(), mixture_events=10,
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
        return without_files(self.config)

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        stages: tuple[str, ...],
        study: ImagesStudyConfig,
    ) -> None:
        """Put the points together, as a stage."""
        found = read_points(inputs, stages)
        mixtures = [point for point in found if "fraction" in point]
        regions = [point for point in found if "fraction" not in point]
        results = {
            "points": regions,
            "mixtures": mixtures,
            "table": images_table(regions, mixtures),
        }
        leave(directory, results, images_report(regions, mixtures, dump_yaml(study)))


def _inputs(variant: Variant) -> tuple[str, ...]:
    names = [SIGNAL, BACKGROUND, *(f"images-{n}" for n in (SIGNAL, BACKGROUND))]
    if variant.augmentation is not None:
        names += [f"images-{name}-{variant.name}" for name in (SIGNAL, BACKGROUND)]
    return tuple(names)
