"""Several questions about the same jets, answered from one clustering."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import columns
from oddjet.events.missing import materialised
from oddjet.jets import momentum_columns
from oddjet.runs.errors import UserError

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class JetLists:
    """The constituents of all jets, one list a jet.

    Attributes
    ----------
    constituents : awkward array, one list of momenta per jet
        As they came.
    offsets : int64, shape (jets + 1,)
        Where those of each jet begin.
    """

    constituents: ak.Array
    offsets: NDArray[np.int64]


@dataclass(frozen=True)
class Question:
    """What is asked about each jet.

    Attributes
    ----------
    options : one of the compiled options
        They say which kernel answers.
    dressed : callable
        Turns the columns of the kernel into one entry per jet.
    """

    options: Any
    dressed: Callable[[JetLists, Columns], ak.Array]


class _AnyJets:
    """Stands for jets where a function is asked for its question alone."""


_ANY_JETS: Final = _AnyJets()


def measure_jets(
    jets: ak.Array,
    quantities: Mapping[str, Callable[[ak.Array], ak.Array]],
    *,
    threads: int | None = None,
) -> dict[str, ak.Array]:
    """Measure several quantities of the same jets, sharing what they have in common.

    Constituents are converted once, and of each jet every clustering is made once:
    soft drop, mass drop and Lund trees look at one Cambridge/Aachen tree,
    N-subjettiness of any N and beta at one kt tree, trimmings of one subjet radius at
    one set of subjets. One jet after the other: what they share is forgotten with the
    jet, so memory does not grow with their number. (Jets that keep their history would
    hold it for all jets at once, and leave it to the caller to ask while it lives.)

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Records with `constituents`, as `cluster` returns them.
    quantities : mapping of str to function of jets
        The functions of this module, with their options: `lund_tree`,
        `functools.partial(trim, subjet_radius=0.2, pt_fraction=0.05)`, or a lambda.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    dict of str to awkward array
        Under each name bit for bit what the function alone would have returned.

    Raises
    ------
    ValueError
        As the functions; threads given to one of them.
    UserError
        As the functions; a function of something else.

    Examples
    --------
    >>> from functools import partial
    >>> import awkward as ak
    >>> from oddjet.substructure import nsubjettiness, trim
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"pt": 1.0, "phi": 0.5}]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> found = measure_jets(
    ...     jets,
    ...     {
    ...         "trimmed": partial(trim, subjet_radius=0.2, pt_fraction=0.05),
    ...         "rays": partial(nsubjettiness, n=(1, 2), radius=0.8),
    ...     },
    ... )
    >>> found["trimmed"].pt.tolist(), found["rays"].tau_2.tolist()
    ([30.0], [0.0])
    """
    questions = [_question_of(name, function) for name, function in quantities.items()]
    return dict(zip(quantities, _answers(jets, questions, threads), strict=True))


def answer(jets: ak.Array, question: Question, threads: int | None) -> ak.Array:
    """Answer one question about each jet.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `measure_jets`.
    question : Question
        With the options that the caller gave.
    threads : int, optional
        As in `measure_jets`.

    Returns
    -------
    awkward array, nested as `jets`
        What the question makes of the answer.

    Raises
    ------
    ValueError, UserError
        As in `measure_jets`.
    """
    if not isinstance(jets, _AnyJets):
        return _answers(jets, [question], threads)[0]
    if threads is None:
        return question
    message = "measure_jets: threads are its own, not those of one of the quantities"
    raise ValueError(message)


def _question_of(name: str, function: object) -> Question:
    question = function(_ANY_JETS) if callable(function) else None
    if isinstance(question, Question):
        return question
    message = (
        f"measure_jets: {name!r} must be a function of oddjet.substructure with its "
        f"options, such as functools.partial(oddjet.nsubjettiness, radius=0.8), "
        f"got {function!r}"
    )
    raise UserError(message)


def _answers(
    jets: ak.Array, questions: Sequence[Question], threads: int | None
) -> list[ak.Array]:
    each_jet, per_event = _each_jet(jets)
    flat = columns(each_jet.constituents, where="constituents")
    lists = JetLists(each_jet.constituents, np.ascontiguousarray(flat.offsets))
    coordinates, momenta = momentum_columns(flat)
    found = _core.measure(
        coordinates=coordinates,
        columns=momenta,
        offsets=lists.offsets,
        quantities=[question.options for question in questions],
        threads=threads,
    )
    per_jet = [
        question.dressed(lists, one)
        for question, one in zip(questions, found, strict=True)
    ]
    if per_event is None:
        return per_jet
    return [ak.unflatten(one, per_event) for one in per_jet]


def _each_jet(jets: ak.Array) -> tuple[ak.Array, NDArray[np.int64] | None]:
    """Flatten lists of jets; what is None in them, `columns` names."""
    if not isinstance(jets, ak.Array):
        message = f"jets must be an awkward array, got {type(jets).__name__}"
        raise UserError(message)
    if jets.ndim not in (1, 2) or "constituents" not in jets.fields:
        message = (
            "jets must be a list of jets, or one list of jets per event, with the "
            f"field constituents as oddjet.cluster returns it, got the type {jets.type}"
        )
        raise UserError(message)
    if jets.ndim == 1:
        return jets, None
    events = ak.Array(materialised(ak.to_layout(jets), "jets"))
    return ak.flatten(events, axis=1), ak.to_numpy(ak.num(events, axis=1))
