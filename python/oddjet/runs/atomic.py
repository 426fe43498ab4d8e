"""Files that are there completely or not at all."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FULL",
    "atomic_path",
    "remove_leftovers",
    "remove_tree",
    "sync_directory",
    "sync_file",
    "temporary_sibling",
    "write_json_atomic",
    "write_text_atomic",
]

#: There is no room, for anybody or for this user.
FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Lend a temporary path whose file replaces `path` when all went well.

    The temporary file lies beside its destination, because a rename is
    atomic only within one file system, and keeps the suffix, by which some
    writers choose their format. On an exception it is removed and `path`
    stays as it was.

    Parameters
    ----------
    path : Path or str
        The destination. An existing file is replaced.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    UserError
        The directory of `path` does not exist, or `path` is a directory.
    """
    path = Path(path)
    if not path.parent.is_dir():
        message = f"cannot write {path}: there is no directory {path.parent}"
        raise UserError(message)
    if path.is_dir():
        message = f"cannot write {path}: it is a directory"
        raise UserError(message)
    temporary = temporary_sibling(path)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            error.filename = error.filename or str(path)  # some writers do not say
        raise
    sync_directory(path.parent)


def temporary_sibling(path: Path) -> Path:
    """Name a hidden file or directory beside `path`, never the same one twice."""
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.stem}.{unique}.tmp{path.suffix}")


def remove_leftovers(directory: Path) -> None:
    """Remove what killed processes left under a `temporary_sibling` name.

    Only for who holds the lock of the directory: nobody else writes there.
    """
    for path in directory.glob(".*.*-????????.tmp*"):
        remove_tree(path)


def remove_tree(path: Path) -> None:
    """Remove a file or a directory with all it holds, as far as possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_text_atomic(path: Path | str, text: str) -> None:
    """Write text as UTF-8, completely or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json_atomic(path: Path | str, value: object) -> None:
    """Write JSON with sorted keys, completely or not at all.

    Equal values give equal bytes. NaN and infinity are refused, for they are
    not JSON.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False)
    write_text_atomic(path, text + "\n")


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory, hence its renames, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
