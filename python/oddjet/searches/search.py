"""What all searches have in common: a configuration, an answer, a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from oddjet.runs.recipe import Config, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.report.wording import Answer

__all__ = ["CONFIG", "PAGE", "RESULTS", "Search"]

CONFIG, PAGE, RESULTS = "config.yaml", "report.html", "results.json"


class Search(Recipe[Config], ABC):
    """A search, from events or tables to a significance.

    Parameters
    ----------
    config
        Of the class `config_class`.
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    #: What people call it, before "search".
    title: ClassVar[str]

    @staticmethod
    @abstractmethod
    def answer(results: Mapping[str, Any]) -> Answer:
        """Say what the content of results.json means."""

    @staticmethod
    @abstractmethod
    def redraw(run: Path, path: Path) -> None:
        """Write the page of a finished run again, as this release draws it.

        Parameters
        ----------
        run : Path
            The run directory, with its stages.
        path : Path
            The page.

        Raises
        ------
        UserError
            What the page was drawn from is incomplete, damaged or no longer that of
            the result.
        """
