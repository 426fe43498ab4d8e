"""Damaged files: every way in which a library trips over one becomes a sentence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from oddjet.io.paths import Location
from oddjet.runs.errors import UserError


@contextmanager
def damage_named(location: Location, part: str = "") -> Iterator[None]:
    """Turn what a library raises over the bytes of a file into one sentence.

    Only for the calls that decode bytes: over a damaged file uproot, h5py, pyarrow
    and the decompressors raise almost anything (struct, index, key and value errors,
    zlib's own, even a MemoryError for a length that a flipped bit made huge).

    Parameters
    ----------
    location : Path or Remote
    part : str
        Branch, column or event that is being read, for the message.

    Raises
    ------
    UserError
        In place of any exception but a UserError.
    """
    try:
        with warnings.catch_warnings():
            # Nonsense numbers overflow in the libraries before anybody checks them.
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    except UserError:
        raise
    except PermissionError as error:
        message = f"{location} may not be read (permission denied)"
        raise UserError(message) from error
    except Exception as error:
        reason = first_line(error)
        where = f" in {part}" if part else ""
        message = f"{location} is damaged{where} ({reason}); write or copy it again"
        raise UserError(message) from error


def first_line(error: BaseException) -> str:
    """Give the first line of an error, or its kind where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0].rstrip(".:") if lines else ""
    kind = type(error).__name__
    return f"{kind}: {text[:160]}" if text else kind
