"""One writer a directory."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lock_directory"]

LOCK_FILE = ".lock"


@dataclass
class _Held:
    """A lock of this process, which its thread may take again."""

    thread: int
    descriptor: int
    depth: int = 1


_held: dict[Path, _Held] = {}
_guard = threading.Lock()


@contextmanager
def lock_directory(path: Path | str) -> Iterator[Path]:
    """Be the only writer of a directory, which is made if absent.

    The lock belongs to the process and ends with it, however it ends; the
    file ``.lock`` stays and means nothing by itself. The thread that holds
    the lock may take it again.

    Parameters
    ----------
    path : Path or str
        The directory.

    Yields
    ------
    Path
        The directory.

    Raises
    ------
    UserError
        Another process or thread holds the lock (it is named), the path is
        a file, or its file system cannot lock.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        message = f"{path} cannot be a run directory: there is a file in its place"
        raise UserError(message) from error
    place = path.resolve()
    _acquire(place, shown=path)
    try:
        yield path
    finally:
        _release(place)


def _acquire(place: Path, *, shown: Path) -> None:
    with _guard:
        held = _held.get(place)
        if held is None:
            descriptor = _lock_file(place / LOCK_FILE, shown=shown)
            _held[place] = _Held(threading.get_ident(), descriptor)
        elif held.thread == threading.get_ident():
            held.depth += 1
        else:
            raise UserError(_in_use(shown, "another thread of this process"))


def _release(place: Path) -> None:
    with _guard:
        held = _held[place]
        held.depth -= 1
        if held.depth == 0:
            del _held[place]
            os.ftruncate(held.descriptor, 0)
            os.close(held.descriptor)


def _lock_file(file: Path, *, shown: Path) -> int:
    """Lock a file that says who holds it; give its open descriptor."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 1000, 0).decode(errors="replace").strip()
        os.close(descriptor)
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            message = (
                f"{shown} cannot be locked ({error.strerror}):"
                " choose a directory on another file system"
            )
            raise UserError(message) from error
        raise UserError(_in_use(shown, holder or "another process")) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {platform.node()}\n".encode(), 0)
    return descriptor


def _in_use(path: Path, holder: str) -> str:
    return f"{path} is in use by {holder}: wait for it or choose another directory"
