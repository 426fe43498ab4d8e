"""Studies of classifiers on tables of features: mixed samples, hunting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oddjet.runs.atomic import write_json_atomic, write_text_atomic
from oddjet.runs.config import dump_yaml, load_yaml, parse_config
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.stages import run_stages
from oddjet.studies.hunting import HuntingStudyConfig, hunting_stages
from oddjet.studies.hunting_summary import hunting_table
from oddjet.studies.mixed import MixedStudyConfig, mixed_stages, mixed_table

__all__ = ["FEATURE_STUDIES", "FeatureStudy"]

#: Studies by name: configuration, stages, and what puts the stages together.
FEATURE_STUDIES: dict[str, tuple[Any, Any, Any]] = {
    "mixed": (MixedStudyConfig, mixed_stages, mixed_table),
    "hunting": (HuntingStudyConfig, hunting_stages, hunting_table),
}

RESULTS, TABLE = "study.json", "table.md"


class FeatureStudy:
    """A study of classifiers, from files of two processes to a table.

    Parameters
    ----------
    config : MixedStudyConfig or HuntingStudyConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    def __init__(
        self,
        config: MixedStudyConfig | HuntingStudyConfig,
        *,
        base: Path | None = None,
    ) -> None:
        self.config = config
        self.base = base or Path()

    @classmethod
    def from_yaml(cls, path: Path | str, name: str) -> FeatureStudy:
        """Read a configuration file; its files are relative to its directory.

        Parameters
        ----------
        path : Path or str
        name : str
            In `FEATURE_STUDIES`.

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config_of = FEATURE_STUDIES[name][0]
        return cls(
            parse_config(config_of, load_yaml(path), source=path), base=path.parent
        )

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
            Takes study.json (every training), table.md and config.yaml.
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
            Files that cannot be used, or too few events.
        """
        _, stages_of, together = FEATURE_STUDIES[self.config.study]
        with lock_directory(directory) as root:
            stages = stages_of(self.config, self.base)
            shown = progress or Progress.silent()
            places = run_stages(root, stages, jobs=jobs, progress=shown)
            found: dict[str, Any] = together(
                {stage.name: places[stage.name] for stage in stages}
            )
            write_json_atomic(root / RESULTS, found)
            write_text_atomic(root / TABLE, found["table"])
            write_text_atomic(root / "config.yaml", dump_yaml(self.config))
        return found
