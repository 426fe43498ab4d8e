"""From what a user types to a list of files that exist."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from oddjet.runs.errors import UserError

Paths = str | Path | Sequence[str | Path]


def find_files(paths: Paths) -> list[Path]:
    """Resolve wildcards and check that each file is there, once.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Files or patterns with ``*``, ``?``, ``[...]``, ``**``. The order of the
        arguments is kept; the files of one pattern are sorted by name.

    Returns
    -------
    list of Path
        At least one.

    Raises
    ------
    UserError
        A missing file, a directory, a pattern without a match, a file named
        twice (its events would count twice), or no path at all.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files = [file for path in given for file in _matches(Path(path))]
    if not files:
        message = "no input files were given; name at least one"
        raise UserError(message)
    seen: set[Path] = set()
    for file in files:
        if file.resolve() in seen:
            message = f"{file} is named twice, so its events would count twice"
            raise UserError(message)
        seen.add(file.resolve())
    return files


def _matches(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        message = f"{path} is a directory; name its files, as in '{path}/*.parquet'"
        raise UserError(message)
    if not glob.has_magic(str(path)):
        message = f"there is no file {path}"
        raise UserError(message)
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207 absolute patterns, which Path.glob refuses
    files = [file for file in found if file.is_file()]
    if not files:
        message = f"no file matches the pattern {path}"
        raise UserError(message)
    return files
