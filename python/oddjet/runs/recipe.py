"""What every search and study is: a configuration, and where its files start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from oddjet.runs.config import ConfigModel, load_yaml, parse_config

__all__ = ["Config", "Recipe"]

Config = TypeVar("Config", bound=ConfigModel)


class Recipe(Generic[Config]):
    """Something that runs as a configuration says.

    Parameters
    ----------
    config
        Of the class `config_class`.
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    config_class: ClassVar[type[ConfigModel]]

    def __init__(self, config: Config, *, base: Path | None = None) -> None:
        self.config = config
        self.base = base or Path()

    @classmethod
    def from_yaml(cls, path: Path | str) -> Self:
        """Read a configuration file; its files are relative to its directory.

        Parameters
        ----------
        path : Path or str

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config: Any = parse_config(cls.config_class, load_yaml(path), source=path)
        return cls(config, base=path.parent)
