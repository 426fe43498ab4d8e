"""From what a user types to a list of files that exist, here or on a server."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from oddjet.runs.errors import UserError


@dataclass(frozen=True)
class Remote:
    """A file behind a protocol of fsspec, such as ``root://`` or ``https://``."""

    url: str

    def __str__(self) -> str:
        return self.url

    def open(self) -> IO[bytes]:
        """Open the file for random access."""
        with remote_errors_named(self.url) as filesystem:
            return cast("IO[bytes]", filesystem.open(self.url, "rb"))


#: Where an input file is.
Location = Path | Remote

Paths = str | Path | Remote | Sequence[str | Path | Remote]


def open_binary(location: Location) -> IO[bytes]:
    """Open a file for random access, wherever it is.

    Raises
    ------
    UserError
        The file may not be read.
    """
    if isinstance(location, Remote):
        return location.open()
    try:
        return location.open("rb")
    except PermissionError as error:
        message = f"{location} may not be read (permission denied)"
        raise UserError(message) from error


def find_inputs(paths: Paths) -> list[Location]:
    """Resolve wildcards and check that each local file is there, once.

    Parameters
    ----------
    paths : str, Path, Remote or sequence of them
        Files, patterns with ``*``, ``?``, ``[...]``, ``**``, or addresses such as
        ``root://server//file.root``. The order of the arguments is kept; the files
        of one pattern are sorted by name.

    Returns
    -------
    list of Path or Remote
        At least one.

    Raises
    ------
    UserError
        A missing file, a directory, a broken link, a pattern without a match, a
        file named twice (its events would count twice), or no path at all.
    """
    given = [paths] if isinstance(paths, str | Path | Remote) else list(paths)
    files: list[Location] = []
    for path in given:
        if isinstance(path, Remote) or "://" in str(path):
            files += _remote_matches(str(path))
        else:
            files += _matches(Path(path))
    if not files:
        message = "no input files were given; name at least one"
        raise UserError(message)
    seen: set[str] = set()
    for file in files:
        place = str(file) if isinstance(file, Remote) else str(file.resolve())
        if place in seen:
            message = f"{file} is named twice, so its events would count twice"
            raise UserError(message)
        seen.add(place)
    return files


def find_files(paths: Paths) -> list[Path]:
    """Resolve paths as `find_inputs` does, for files that must be local.

    Raises
    ------
    UserError
        As `find_inputs`, and a remote file.
    """
    files = find_inputs(paths)
    for file in files:
        if isinstance(file, Remote):
            message = f"{file} is not a local file; copy it here first"
            raise UserError(message)
    return cast("list[Path]", files)


class remote_errors_named:
    """Lend the file system of an address; what goes wrong becomes a sentence."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> Any:
        import fsspec

        try:
            return fsspec.core.url_to_fs(self.url)[0]
        except (ImportError, ValueError) as error:
            reason = str(error).partition(". ")[0].rstrip(".")
            message = f"{self.url} cannot be opened: {reason[:1].lower()}{reason[1:]}"
            raise UserError(message) from error

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, FileNotFoundError):
            message = f"there is no file {self.url}"
            raise UserError(message) from error
        if isinstance(error, OSError):
            message = f"{self.url} cannot be read ({error})"
            raise UserError(message) from error


def _remote_matches(url: str) -> list[Location]:
    if not glob.has_magic(url):
        return [Remote(url)]
    scheme = url.partition("://")[0]
    with remote_errors_named(url) as filesystem:
        found = sorted(filesystem.glob(url))
    if not found:
        message = f"no file matches the pattern {url}"
        raise UserError(message)
    return [Remote(n if "://" in n else f"{scheme}://{n}") for n in found]


def _matches(path: Path) -> list[Location]:
    if path.is_file():
        return [path]
    if path.is_dir():
        message = f"{path} is a directory; name its files, as in '{path}/*'"
        raise UserError(message)
    if path.is_symlink():
        message = f"{path} is a broken link to {path.readlink()}"
        raise UserError(message)
    if not glob.has_magic(str(path)):
        message = f"there is no file {path}"
        raise UserError(message)
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207 absolute patterns, which Path.glob refuses
    broken = [file for file in found if file.is_symlink() and not file.exists()]
    if broken:
        message = f"{broken[0]} is a broken link to {broken[0].readlink()}"
        raise UserError(message)
    files: list[Location] = [file for file in found if file.is_file()]
    if not files:
        message = f"no file matches the pattern {path}"
        raise UserError(message)
    return files
