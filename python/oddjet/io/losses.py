"""What could not be read, when a run goes on without it: never a silent loss."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Loss:
    """A part of the input that was left out.

    Attributes
    ----------
    file : str
    reason : str
        The sentence that the error would have been.
    num_events : int or None
        Events lost, None where the file does not even tell how many it held.
    first_entry : int
        Events of the file before this one were read.
    """

    file: str
    reason: str
    num_events: int | None
    first_entry: int = 0

    def __str__(self) -> str:
        if self.num_events is None:
            return f"lost {self.file}, number of events unknown: {self.reason}"
        last = self.first_entry + self.num_events - 1
        entries = f"entries {self.first_entry} to {last}" if self.num_events else "none"
        return (
            f"lost {self.num_events} events of {self.file} ({entries}): {self.reason}"
        )


@dataclass
class Losses:
    """A collector: handing it to `read` or `iterate` lets them go on past bad files.

    Attributes
    ----------
    losses : list of Loss
        In the order in which they were met.

    Examples
    --------
    >>> losses = Losses()
    >>> losses.add(Loss("a.root", "a.root is truncated", num_events=None))
    >>> print(losses.summary())
    1 file(s) with losses: 0 events known to be lost, and 1 file(s) of unknown size
    """

    losses: list[Loss] = field(default_factory=list)

    def add(self, loss: Loss) -> None:
        """Take note of a loss."""
        self.losses.append(loss)

    def __len__(self) -> int:
        """Count the losses."""
        return len(self.losses)

    @property
    def num_events(self) -> int:
        """Events known to be lost."""
        return sum(loss.num_events or 0 for loss in self.losses)

    @property
    def num_unknown(self) -> int:
        """Files of which nobody knows how many events they held."""
        return sum(loss.num_events is None for loss in self.losses)

    def summary(self) -> str:
        """Say in one line how much was lost."""
        if not self.losses:
            return "nothing was lost"
        files = len({loss.file for loss in self.losses})
        text = f"{files} file(s) with losses: {self.num_events} events known to be lost"
        if self.num_unknown:
            text += f", and {self.num_unknown} file(s) of unknown size"
        return text
