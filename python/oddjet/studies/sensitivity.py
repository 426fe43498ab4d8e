"""The study of sensitivity: the smallest signal that a search would find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
from oddjet.stats.sensitivity import sensitivity_curve, smallest_signal
from oddjet.studies.preparing import prepare_stages
from oddjet.studies.repeats import markdown_table
from oddjet.studies.rows import read_row
from oddjet.studies.sensitivity_config import SensitivityConfig
from oddjet.studies.sensitivity_page import sensitivity_report
from oddjet.studies.study import Study, leave
from oddjet.studies.summary import row_results
from oddjet.studies.tables import row_stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.runs.progress import Progress

__all__ = ["SensitivityStudy"]


class SensitivityStudy(Study[SensitivityConfig]):
    """Injections of rising size, each repeated with other draws and seeds."""

    config_class = SensitivityConfig

    def stages(self, checkpoints: Path) -> list[Stage]:
        """Plan the study: processes, a search for every injection, the curve."""
        config = self.config
        prepares = prepare_stages(config.processes(), config, self.base)
        prepared = [stage.name for stage in prepares]
        rows = row_stages(config, config.rows, prepared, checkpoints)
        return [*prepares, *rows, self.collecting(rows)]

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        stages: tuple[str, ...],
        study: SensitivityConfig,
    ) -> None:
        """Put the injections together, as a stage."""
        places = [inputs[name] for name in stages]
        found = row_results([read_row(place) for place in places])
        found["sensitivity"] = _sensitivity(found["rows"], study)
        found["table"] += "\n" + _table(found["sensitivity"]["smallest"])
        leave(directory, found, sensitivity_report(found, places, study))


def _sensitivity(
    rows: Sequence[Mapping[str, Any]], study: SensitivityConfig
) -> dict[str, Any]:
    """Give the curve and where it reaches the levels; None where it does not."""
    known = [row for row in rows if row["sigma"] is not None]
    injected = [row["composition_sr"].get("signal", 0) for row in known]
    sigma = [row["sigma"] for row in known]
    seed = derive_seed(study.seed, "sensitivity")
    curve = sensitivity_curve(injected, sigma) if known else ()
    smallest = {}
    for level in study.levels:
        found = smallest_signal(injected, sigma, level, seed=seed) if known else None
        names = ("signal", "low", "high")
        smallest[f"{level:g}"] = dict(zip(names, found, strict=True)) if found else None
    return {
        "curve": [vars(point) for point in curve],
        "smallest": smallest,
        "not_determined": len(rows) - len(known),
    }


def _table(smallest: Mapping[str, Any]) -> str:
    rows = []
    for level, found in smallest.items():
        if found is None:
            rows.append([level, "not reached", ""])
        else:
            interval = f"{found['low']:.0f} to {found['high']:.0f}"
            rows.append([level, f"{found['signal']:.0f}", interval])
    return markdown_table(["sigma", "smallest N_A", "68 %"], rows)
