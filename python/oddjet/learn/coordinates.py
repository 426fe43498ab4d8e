"""The plane in which the constituents of a jet are neighbours at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["coordinate_columns"]


def coordinate_columns(features: Sequence[str]) -> tuple[int, int]:
    """Find the columns of delta_rapidity and delta_azimuth among the features.

    Parameters
    ----------
    features : sequence of str
        Names of the features, in order.

    Returns
    -------
    (int, int)

    Raises
    ------
    UserError
        One of them is missing.

    Examples
    --------
    >>> coordinate_columns(("log_pt", "delta_rapidity", "delta_azimuth"))
    (1, 2)
    """
    wanted = ("delta_rapidity", "delta_azimuth")
    if missing := [name for name in wanted if name not in features]:
        message = (
            f"the first graph of the network needs {' and '.join(missing)} among the "
            f"features, which are {', '.join(features)}; add what is missing"
        )
        raise UserError(message)
    rapidity, azimuth = (list(features).index(name) for name in wanted)
    return rapidity, azimuth
