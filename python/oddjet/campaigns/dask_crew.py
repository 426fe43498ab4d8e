"""Calls on a Dask cluster whose workers share the file system."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oddjet.runs.dask_client import dask_client
from oddjet.runs.errors import UserError, require
from oddjet.runs.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["DaskCrew", "dask_crew"]

# How often a call may take a worker with it until it is given up.
DEATHS = 3
# Calls under way for each thread of the cluster, so that none waits for work.
AHEAD = 2


@contextmanager
def dask_crew(address: str, *, workers: int = 1) -> Iterator[DaskCrew]:
    """Lend a crew on a cluster; parameters and errors as for `dask_client`."""
    with dask_client(address, workers=workers) as client:
        yield DaskCrew(client)


class DaskCrew:
    """A crew of Dask workers.

    A call whose worker dies is done again by another one.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def size(self) -> int:
        """Twice the threads that the cluster has at the moment."""
        threads: int = sum(self._client.nthreads().values())
        return AHEAD * max(1, threads)

    def start(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        progress: Progress,  # noqa: ARG002 - it cannot travel; the count of tasks can
    ) -> _DaskCall:
        """Submit a call."""
        return _DaskCall(
            name,
            self._client.submit(
                _quietly, function, arguments, pure=False, retries=DEATHS, key=None
            ),
        )

    def wait(self, calls: Sequence[_DaskCall]) -> list[_DaskCall]:
        """Wait for one of the calls."""
        distributed = require("distributed", extra="dask")
        distributed.wait([c.future for c in calls], return_when="FIRST_COMPLETED")
        return [call for call in calls if call.future.done()]


class _DaskCall:
    def __init__(self, name: str, future: Any) -> None:
        self.name, self.future = name, future

    def result(self) -> Any:
        distributed = require("distributed", extra="dask")
        try:
            return self.future.result()
        except distributed.KilledWorker as error:
            message = (
                f"{self.name}: workers died over and over ({error}); give them more"
                " memory"
            )
            raise UserError(message) from error

    def kill(self) -> None:
        self.future.cancel()


def _quietly(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return function(*arguments, progress=Progress.silent())
