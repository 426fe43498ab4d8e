"""Which events a network may see: folds and the reserve, from the source of an event.

An event's part follows from where it came from and from nothing else: not from its
position in an array, from chunks, from weights or from truth. Copies of an event
share its source and so its fold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.events.source_hash import source_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.learn.config import Scoring

__all__ = [
    "RESERVE",
    "TRAINING_ONLY",
    "fold_of",
    "half_of",
    "in_reserve",
    "in_validation",
    "seen_by",
    "training_folds",
]

#: Fold of a control event that no network sees.
RESERVE = -1
#: Fold of an event that only trains: the first one of sequential folds.
TRAINING_ONLY = -2

# Different salts make the fold and the reserve independent of each other.
_FOLD_SALT = 0x6F64646A65740001
_RESERVE_SALT = 0x6F64646A65740002
_HALF_SALT = 0x6F64646A65740003
_VALIDATION_SALT = 0x6F64646A65740004


def fold_of(ids: Any, folds: int) -> NDArray[np.int64]:
    """Assign events to folds by a hash of their source.

    The hash is a 64-bit mix of run, lumi and event where all three are known,
    otherwise of the digest of the file and the entry in it.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        The collection `id` of the events: file, entry and, where known, run, lumi
        and event, each of shape (events,).
    folds : int
        Number of folds, >= 1.

    Returns
    -------
    int64, shape (events,)
        In [0, folds), the same for ever and on every machine.

    Raises
    ------
    UserError
        Neither all of run, lumi, event nor both file and entry are there.
    ValueError
        folds < 1.

    Examples
    --------
    >>> fold_of({"file": np.zeros(6, np.uint64), "entry": np.arange(6)}, 2)
    array([1, 0, 0, 0, 1, 0])
    """
    if folds < 1:
        message = f"fold_of: folds must be >= 1, got {folds}"
        raise ValueError(message)
    # The high word, scaled: every fold gets its share without a modulo bias.
    high = source_hash(ids, _FOLD_SALT) >> np.uint64(32)
    return ((high * np.uint64(folds)) >> np.uint64(32)).astype(np.int64)


def in_reserve(ids: Any, fraction: float = 0.1) -> NDArray[np.bool_]:
    """Choose the events that no network may see, independently of their fold.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        As for `fold_of`.
    fraction : float
        Expected share of the events, in [0, 1].

    Returns
    -------
    bool, shape (events,)

    Raises
    ------
    UserError
        As `fold_of`.
    """
    return _share(ids, fraction, _RESERVE_SALT)


def in_validation(ids: Any, fraction: float) -> NDArray[np.bool_]:
    """Choose the events that choose among epochs, independently of fold and reserve.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        As for `fold_of`.
    fraction : float
        Expected share of the events, in [0, 1].

    Returns
    -------
    bool, shape (events,)

    Raises
    ------
    UserError
        As `fold_of`.
    """
    return _share(ids, fraction, _VALIDATION_SALT)


def half_of(ids: Any) -> NDArray[np.int64]:
    """Split events in two for a null test, independently of fold and reserve.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        As for `fold_of`.

    Returns
    -------
    int64, shape (events,)
        0 or 1.

    Raises
    ------
    UserError
        As `fold_of`.
    """
    return (source_hash(ids, _HALF_SALT) >> np.uint64(63)).astype(np.int64)


def training_folds(
    ids: Any,
    in_control_region: NDArray[np.bool_],
    *,
    folds: int,
    reserve_fraction: float = 0.1,
    scoring: Scoring = "k_fold",
) -> NDArray[np.int64]:
    """Assign the events of a search: a fold each, or the reserve.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        As for `fold_of`.
    in_control_region : bool, shape (events,)
        Only control events can be in the reserve.
    folds : int
        Number of folds, >= 1.
    reserve_fraction : float
        Expected share of the control events that no network sees.
    scoring : "k_fold", "sequential" or "in_sample"
        Of sequential folds the first only trains and the others are numbered from
        0; in-sample scoring knows one fold and no reserve.

    Returns
    -------
    int64, shape (events,)
        The fold that scores the event, `RESERVE` (-1) or `TRAINING_ONLY` (-2).

    Raises
    ------
    UserError, ValueError
        As `fold_of`.
    """
    if scoring == "in_sample":
        return fold_of(ids, 1)
    fold = fold_of(ids, folds)
    if scoring == "sequential":
        fold = np.where(fold == 0, np.int64(TRAINING_ONLY), fold - 1)
    reserved = in_control_region & in_reserve(ids, reserve_fraction)
    return np.where(reserved, np.int64(RESERVE), fold)


def seen_by(
    fold_of_jet: NDArray[np.int64], fold: int, scoring: Scoring = "k_fold"
) -> NDArray[np.bool_]:
    """Choose the events that the networks of a fold are trained on.

    Parameters
    ----------
    fold_of_jet : int64, shape (events,)
        As `training_folds` gives it.
    fold : int
        The fold that the networks will score.
    scoring : "k_fold", "sequential" or "in_sample"
        All other folds; earlier folds; all events.

    Returns
    -------
    bool, shape (events,)
        Never the reserve.

    Examples
    --------
    >>> folds = np.array([RESERVE, TRAINING_ONLY, 0, 1, 2])
    >>> seen_by(folds, 1, "sequential")
    array([False,  True,  True, False, False])
    """
    learnt = {
        "k_fold": fold_of_jet != fold,
        "sequential": fold_of_jet < fold,
        "in_sample": np.ones(len(fold_of_jet), np.bool_),
    }[scoring]
    seen: NDArray[np.bool_] = learnt & (fold_of_jet != RESERVE)
    return seen


def _share(ids: Any, fraction: float, salt: int) -> NDArray[np.bool_]:
    uniform = (source_hash(ids, salt) >> np.uint64(11)) * 2.0**-53
    chosen: NDArray[np.bool_] = uniform < fraction
    return chosen
