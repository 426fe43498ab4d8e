"""The study of LundNet on semi-visible jets: from files to areas under the curve."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from oddjet.report.markup import Html
from oddjet.report.page import (
    Page,
    Section,
    figure,
)
from oddjet.runs.config import dump_yaml
from oddjet.runs.stages import Stage
from oddjet.searches import lund_stages
from oddjet.searches.lund_plan import MEASURE, MODEL, lund_plan, without_files
from oddjet.studies.lund_config import LundStudyConfig
from oddjet.studies.study import COLLECT, Study, leave

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.runs.progress import Progress

__all__ = ["LundStudy"]


class LundStudy(Study[LundStudyConfig]):
    """Trains LundNet on simulated processes and measures it at every signal.

    Beside what every study leaves there are model.onnx (a `LundSpec` bundle),
    scores.parquet (a row an event with the scores of J0 and J1 out of fold), auc.csv
    and cutflow.csv.
    """

    config_class = LundStudyConfig
    published: ClassVar[Mapping[str, Sequence[str]]] = {
        MODEL: (lund_stages.MODEL,),
        MEASURE: (lund_stages.AREAS, lund_stages.CUTFLOW, lund_stages.SCORES),
    }

    def stages(self, checkpoints: Path) -> list[Stage]:
        """Plan the study: trees, trainings, the model, areas, the page."""
        collect = Stage(
            COLLECT,
            self.collect,
            inputs=(MEASURE,),
            arguments={"study": self.shown},
        )
        return [*lund_plan(self.config, self.base, checkpoints), collect]

    @property
    def shown(self) -> LundStudyConfig:
        """The configuration without its files: what they hold enters by the stages."""
        return without_files(self.config)

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        study: LundStudyConfig,
    ) -> None:
        """Leave what every study leaves: numbers, a table and a page, as a stage."""
        measured = inputs[MEASURE]
        table = (measured / lund_stages.TABLE).read_text("utf-8")
        with (measured / lund_stages.AREAS).open(encoding="utf-8", newline="") as file:
            areas = list(csv.DictReader(file))
        maps = [
            figure(
                Html((measured / f"auc_{plane.lower()}.svg").read_text("utf-8")),
                f"{plane}: area under the curve of jets of each signal against all"
                " backgrounds by their cross sections; scores are out of fold.",
            )
            for plane in lund_stages.PLANES
        ]
        page = Page(
            title="LundNet on semi-visible jets",
            introduction="Dreyer & Qu, arXiv:2012.08526, on the two hardest fat jets.",
            answers=[],
            sections=[Section("Separation at every signal", maps)],
            config_yaml=dump_yaml(study),
        )
        leave(directory, {"areas": areas, "table": table}, page)
