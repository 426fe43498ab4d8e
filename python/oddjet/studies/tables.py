"""The study of known mixtures: any row of Tables 1-5 of arXiv:2204.11889."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.studies.config import MixturesConfig, StudyConfig
from oddjet.studies.pages import table_report
from oddjet.studies.preparing import prepare_stages
from oddjet.studies.rows import make_permutation, make_row, read_row
from oddjet.studies.study import Study, leave
from oddjet.studies.summary import among_permutations, row_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.runs.progress import Progress
    from oddjet.studies.config import RowConfig

__all__ = ["TableStudy", "row_stages"]


class TableStudy(Study[StudyConfig]):
    """Searches of mixtures, from files of single processes to a table."""

    config_class = StudyConfig

    def stages(self, checkpoints: Path) -> list[Stage]:
        """Plan the study: processes, rows, table."""
        prepares = prepare_stages(self.config.processes(), self.config, self.base)
        rows = row_stages(
            self.config,
            self.config.rows,
            [stage.name for stage in prepares],
            checkpoints,
        )
        permuted = _permutation_stages(self.config.rows, rows)
        again = {
            name: tuple(stage.name for stage in stages)
            for name, stages in permuted.items()
        }
        collects = self.collecting(
            rows,
            further=[name for others in again.values() for name in others],
            permuted=again,
        )
        trained_anew = [stage for stages in permuted.values() for stage in stages]
        return [*prepares, *rows, *trained_anew, collects]

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        stages: tuple[str, ...],
        permuted: Mapping[str, tuple[str, ...]],
        study: StudyConfig,
    ) -> None:
        """Put the rows together, as a stage; `permuted` names those of each row."""
        places = [inputs[name] for name in stages]
        rows = [read_row(place) for place in places]
        for row, name in zip(rows, stages, strict=True):
            if others := [read_row(inputs[other]) for other in permuted[name]]:
                row["permutation"] = among_permutations(row, others)
        found = row_results(rows)
        leave(directory, found, table_report(found, places, study))


def row_stages(
    config: MixturesConfig,
    rows: tuple[RowConfig, ...],
    prepared: list[str],
    checkpoints: Path,
) -> list[Stage]:
    """Plan a stage for every row and repeat."""
    return [
        Stage(
            f"row-{row.name}-{repeat}",
            make_row,
            inputs=tuple(prepared),
            arguments={
                # What a row does not depend on must not make it again.
                "study": mixture_settings(config),
                "row": row.model_copy(update={"repeats": 1, "permutations": 0}),
                "repeat": repeat,
            },
            sources={"made_with": digest(provenance())},
            untracked={"checkpoints": checkpoints},
        )
        for row in rows
        for repeat in range(row.repeats)
    ]


def _permutation_stages(
    rows: tuple[RowConfig, ...], stages: list[Stage]
) -> dict[str, list[Stage]]:
    """Plan the permutations of each row and repeat, by the stage of these."""
    asked = [row.permutations for row in rows for _ in range(row.repeats)]
    return {
        stage.name: [
            replace(
                stage,
                name=f"permuted-{stage.name.removeprefix('row-')}-{number}",
                run=make_permutation,
                arguments={**stage.arguments, "permutation": number},
            )
            for number in range(1, 1 + permutations)
        ]
        for stage, permutations in zip(stages, asked, strict=True)
    }


def mixture_settings(config: MixturesConfig) -> MixturesConfig:
    """Keep what every row depends on, whichever study it is part of."""
    return MixturesConfig.model_construct(
        **{name: getattr(config, name) for name in MixturesConfig.model_fields}
    )
