"""Text files as lines, also compressed, without ever holding a whole one."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import pyarrow as pa

from oddjet.io.paths import Location, open_binary

_GZIP, _ZSTD, _BZIP2, _XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"


@contextmanager
def open_bytes(location: Location) -> Iterator[IO[bytes]]:
    """Open a file and undo its compression, which its first bytes tell."""
    raw = open_binary(location)
    try:
        head = raw.read(6)
        raw.seek(0)
        with _decompressed(raw, head) as stream:
            yield stream
    finally:
        raw.close()


@contextmanager
def open_text(location: Location) -> Iterator[Iterator[str]]:
    """Lend the lines of a text file.

    What is no UTF-8 becomes replacement characters, which no reader takes for numbers.
    """
    import io

    with open_bytes(location) as stream:
        yield io.TextIOWrapper(stream, encoding="utf-8", errors="replace")


def _decompressed(raw: IO[bytes], head: bytes) -> IO[bytes]:
    if head.startswith(_GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if head.startswith(_BZIP2):
        return cast("IO[bytes]", bz2.BZ2File(raw))
    if head.startswith(_XZ):
        return cast("IO[bytes]", lzma.LZMAFile(raw))
    if head.startswith(_ZSTD):
        import io

        stream = pa.CompressedInputStream(pa.PythonFile(raw), "zstd")
        return cast("IO[bytes]", io.BufferedReader(_Raw(stream)))
    return raw


class _Raw:
    """The little that io.BufferedReader needs of a stream of pyarrow."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self.closed = False

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True
        self._stream.close()

    def flush(self) -> None:
        """Do nothing: there is nothing to write."""
