"""A Dask cluster: local, or any scheduler that has an address."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oddjet.runs.errors import UserError, require

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dask_client"]

CONNECT_SECONDS = 30
# A scheduler always serves its pages somewhere; without an address it would warn that
# its usual port is taken as soon as a second cluster runs on this machine.
ANY_LOCAL_PORT = "127.0.0.1:0"


@contextmanager
def dask_client(address: str, *, workers: int = 1) -> Iterator[Any]:
    """Lend a client of a cluster.

    Parameters
    ----------
    address : str
        Of a scheduler, such as "tcp://host:8786", or "local" for processes here.
    workers : int
        Processes, if local.

    Yields
    ------
    distributed.Client

    Raises
    ------
    MissingExtra
        Dask is not installed.
    UserError
        There is no scheduler at the address, or it is lost while work is under way.
    """
    distributed = require("distributed", extra="dask")
    if address == "local":
        with (
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=ANY_LOCAL_PORT,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        message = f"there is no Dask scheduler at {address} ({error})"
        raise UserError(message) from error
    with client:
        try:
            yield client
        except (CancelledError, OSError) as error:
            # Work under way is cancelled; who asks for more finds nobody. An OSError of
            # the work itself, such as a full disk, leaves the connection as it was.
            if isinstance(error, OSError) and client.status == "running":
                raise
            message = (
                f"the Dask scheduler at {address} was lost; start one, and the same"
                " command goes on"
            )
            raise UserError(message) from error
