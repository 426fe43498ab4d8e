"""What a search hands back: the numbers, and where the rest lies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oddjet.runs.errors import UserError
from oddjet.searches.cutflows import read_cutflows
from oddjet.searches.search import RESULTS
from oddjet.select.cutflow import CutFlow


@dataclass(frozen=True)
class Result:
    """The outcome of one search, read from its run directory.

    Attributes
    ----------
    directory : Path
        Holds config.yaml, cutflow.csv, model.onnx, scores.parquet, results.json,
        report.html and run.log.
    results : dict
        The content of results.json.
    """

    directory: Path
    results: dict[str, Any]

    @classmethod
    def load(cls, directory: Path | str) -> Result:
        """Read the result of a finished run.

        Raises
        ------
        UserError
            The directory holds no results.json.
        """
        directory = Path(directory)
        path = directory / RESULTS
        if not path.is_file():
            message = (
                f"{directory} holds no results.json: give the output directory of"
                " a finished `oddjet search`"
            )
            raise UserError(message)
        return cls(directory, json.loads(path.read_text(encoding="utf-8")))

    @property
    def significance(self) -> float | None:
        """Signed standard deviations of the exact test; None if not determined."""
        significance = self.results["significance"]
        return None if significance is None else float(significance["sigma"])

    @property
    def p_value(self) -> float | None:
        """One-sided probability of at least this many events without a signal."""
        p_value = self.results["p_value"]
        return None if p_value is None else float(p_value)

    @property
    def cutflow(self) -> dict[str, CutFlow]:
        """The weighted cut flow of each region."""
        text = (self.directory / "cutflow.csv").read_text(encoding="utf-8")
        return read_cutflows(text)

    def to_json(self) -> str:
        """Give the text of results.json."""
        return json.dumps(self.results, indent=2, sort_keys=True)

    def report(self, path: Path | str) -> Path:
        """Write the report page again, from what the stages of the run left.

        Parameters
        ----------
        path : Path or str
            The page; an existing one is replaced.

        Returns
        -------
        Path
            `path`.

        Raises
        ------
        UserError
            The stages of the run are gone, or no longer those of the result.
        """
        from oddjet.searches.reading import search_class

        search_class(self.results).redraw(self.directory, Path(path))
        return Path(path)
