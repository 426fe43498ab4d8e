"""A training that can be killed at any time and goes on with the same bits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from oddjet.runs.atomic import atomic_path
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Checkpoint"]

_FORMAT = "oddjet training checkpoint 1"


@dataclass
class Checkpoint:
    """Where the state of a training is kept while it lasts.

    Attributes
    ----------
    path : Path
        The file; its directory exists.
    key : str
        Digest of everything that decides the training: configuration, jets, seed,
        versions. A file with another key is refused.
    interval_s : float
        Least time between two writes [s]; it never changes a result.
    """

    path: Path
    key: str
    interval_s: float = 60.0
    _written: float = field(default_factory=time.monotonic, init=False, repr=False)

    def restore(self) -> dict[str, Any] | None:
        """Read the state that was kept; None if there is none.

        Raises
        ------
        UserError
            A file that is damaged, or of another training.
        """
        if not self.path.exists():
            return None
        remedy = "remove it to start this training from the beginning"
        try:
            kept = torch.load(self.path, weights_only=True)
            form, key, state = kept["format"], kept["key"], kept["state"]
        except Exception as error:
            message = f"{self.path} is damaged or no checkpoint of a training; {remedy}"
            raise UserError(message) from error
        if form != _FORMAT or key != self.key:
            message = (
                f"{self.path} is the checkpoint of a training with another "
                f"configuration, sample or version ({key[:12]}, this one is "
                f"{self.key[:12]}); {remedy}"
            )
            raise UserError(message)
        result: dict[str, Any] = state
        return result

    def offer(self, state: Callable[[], dict[str, Any]]) -> None:
        """Keep a state if the last one is old enough.

        Parameters
        ----------
        state : callable
            Gives tensors, numbers, text, lists and dicts; asked only if kept.
        """
        if time.monotonic() - self._written >= self.interval_s:
            self.keep(state())

    def keep(self, state: dict[str, Any]) -> None:
        """Replace what was kept, completely or not at all."""
        content = {"format": _FORMAT, "key": self.key, "state": state}
        with atomic_path(self.path) as temporary:
            torch.save(content, temporary)
        self._written = time.monotonic()

    def discard(self) -> None:
        """Forget the state: the training is finished."""
        self.path.unlink(missing_ok=True)
