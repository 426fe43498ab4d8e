"""The study of known mixtures: any row of Tables 1-5 of arXiv:2204.11889."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.io import describe
from oddjet.io.paths import find_files
from oddjet.runs.atomic import remove_tree, write_json_atomic, write_text_atomic
from oddjet.runs.config import dump_yaml, load_yaml, parse_config
from oddjet.runs.digests import digest
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage, publish, run_stages
from oddjet.searches.regions import RegionConfig, RegionFiles
from oddjet.searches.stages import prepare
from oddjet.studies.config import StudyConfig
from oddjet.studies.rows import make_row, read_row
from oddjet.studies.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.studies.config import ProcessConfig

__all__ = ["TableStudy"]

RESULTS = "study.json"
TABLE = "table.md"


class TableStudy:
    """Searches of mixtures, from files of single processes to a table.

    Parameters
    ----------
    config : StudyConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    def __init__(self, config: StudyConfig, *, base: Path | None = None) -> None:
        self.config = config
        self.base = base or Path()

    @classmethod
    def from_yaml(cls, path: Path | str) -> TableStudy:
        """Read a configuration file; its files are relative to its directory.

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config = parse_config(StudyConfig, load_yaml(path), source=path)
        return cls(config, base=path.parent)

    def run(
        self,
        directory: Path | str,
        *,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Run the study, or what is left of it.

        Parameters
        ----------
        directory : Path or str
            Takes study.json (every row and repeat) and table.md.
        jobs : int
            Processes at once; never changes a result.
        progress : Progress, optional

        Returns
        -------
        dict
            The content of study.json.

        Raises
        ------
        UserError
            Files that cannot be used, or too few events for a row.
        """
        with lock_directory(directory) as root:
            checkpoints = (root / "stages" / ".checkpoints").absolute()
            prepares = self._prepares()
            rows = self._rows([stage.name for stage in prepares], checkpoints)
            stages = [*prepares, *rows, _collect([stage.name for stage in rows])]
            shown = progress or Progress.silent()
            places = run_stages(root, stages, jobs=jobs, progress=shown)
            remove_tree(checkpoints)
            for name in (RESULTS, TABLE):
                publish(places["collect"] / name, root / name)
            write_text_atomic(root / "config.yaml", dump_yaml(self.config))
        return summarise([read_row(places[stage.name]) for stage in rows])

    def _prepares(self) -> list[Stage]:
        config = self.config
        processes = {f"prepare-{n}": p for n, p in config.background.items()}
        processes |= {
            f"prepare-control-{n}": p for n, p in config.control_background.items()
        }
        if config.signal is not None:
            processes["prepare-signal"] = config.signal
        return [self._prepare(name, process) for name, process in processes.items()]

    def _prepare(self, name: str, process: ProcessConfig) -> Stage:
        start = Path(glob.escape(str(self.base)))
        files = find_files(
            [
                (start if glob.has_magic(file) else self.base) / file
                for file in process.files
            ]
        )
        region = RegionFiles.open(files, RegionConfig())
        return Stage(
            name,
            prepare,
            arguments={
                "region": name.removeprefix("prepare-"),
                "cuts": self.config.selection,
                "spec": self.config.features.spec(),
                "control": process.control,
            },
            sources={name: region.digest, "made_with": digest(provenance())},
            untracked={"paths": describe(files).files, "blinded": False},
        )

    def _rows(self, prepared: list[str], checkpoints: Path) -> list[Stage]:
        # What a row does not depend on must not make it again.
        study = self.config.model_copy(update={"rows": ()})
        return [
            Stage(
                f"row-{row.name}-{repeat}",
                make_row,
                inputs=tuple(prepared),
                arguments={
                    "study": study,
                    "row": row.model_copy(update={"repeats": 1}),
                    "repeat": repeat,
                },
                sources={"made_with": digest(provenance())},
                untracked={"checkpoints": checkpoints},
            )
            for row in self.config.rows
            for repeat in range(row.repeats)
        ]


def _collect(rows: list[str]) -> Stage:
    return Stage(
        "collect", collect, inputs=tuple(rows), arguments={"rows": tuple(rows)}
    )


def collect(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    rows: tuple[str, ...],
) -> None:
    """Put the rows together, as a stage."""
    found = summarise([read_row(inputs[name]) for name in rows])
    write_json_atomic(directory / RESULTS, found)
    (directory / TABLE).write_text(found["table"], encoding="utf-8")
