"""Jets of particles: the generalised-kt algorithms on awkward arrays."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import Columns, columns, single_list

_COORDINATES = ("pt_eta_phi_mass", "px_py_pz_energy")


def cluster(
    particles: ak.Array,
    *,
    algorithm: str,
    radius: float,
    pt_min_gev: float = 0.0,
    recombination: str = "E",
    power: float | None = None,
    threads: int | None = None,
) -> ak.Array:
    """Cluster the particles of each event into inclusive jets, hardest first.

    d_ij = min(pt_i^2p, pt_j^2p) dR_ij^2 / R^2 and d_iB = pt_i^2p, where dR is the
    distance in rapidity and azimuth (periodic) and p is -1 (antikt), 1 (kt), 0
    (cambridge_aachen) or `power` (genkt). The constituent sets are those of
    FastJet. A pair is that of the particle of the smaller pt^2p with its nearest
    one; of equal distances the earlier such particle goes first, with the earlier
    of equally near ones; a merged pair takes the place of its earlier member. A
    particle with pt = 0 and no mass lies at a rapidity beyond 1e5, in a jet of its own.

    Parameters
    ----------
    particles : awkward array, one list of momenta per event
        Any coordinates that vector knows [GeV, radians], single or double
        precision; computed in double. Further fields are carried along.
    algorithm : str
        "antikt", "kt", "cambridge_aachen" (or "ca") or "genkt".
    radius : float
        R, 0 < R <= 1000.
    pt_min_gev : float
        Softer jets are left out [GeV]; at 0 every particle is in one jet.
    recombination : str
        "E": four-momenta are added. "WTA_pt", winner takes all: pt are added, at the
        rapidity, azimuth and mass of the harder (arXiv:1310.7584).
    power : float, optional
        p of "genkt", and of "genkt" only.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    awkward array, one list of Momentum4D records per event
        pt, eta, phi, mass (float64) [GeV, radians], where mass is
        sign(m^2) sqrt|m^2| and a jet along the beam has an infinite eta;
        constituents (records of the input, hardest first, equal pt by index) and
        constituent_index (int64, into the event's list). Equal jets are ordered by
        their earliest particle. An event without particles has no jets.

    Raises
    ------
    ValueError
        An unknown algorithm or recombination, radius, pt_min_gev, power or threads
        out of range, or a particle (named) that is not finite, has pt < 0, |p| or
        energy above 1e140 GeV, or a |p| that exceeds its energy beyond rounding.
    UserError
        Particles that are not one list of momenta per event.

    References
    ----------
    Cacciari, Salam, Soyez, arXiv:0802.1189 (equations 1 and 2) and arXiv:1111.6097.

    Examples
    --------
    >>> import awkward as ak
    >>> particles = ak.Array(
    ...     [
    ...         [
    ...             {"pt": 30.0, "eta": 0.0, "phi": 3.1, "mass": 0.0},
    ...             {"pt": 10.0, "eta": 2.0, "phi": 1.0, "mass": 0.0},
    ...             {"pt": 20.0, "eta": 0.1, "phi": -3.1, "mass": 0.0},
    ...         ]
    ...     ]
    ... )
    >>> jets = cluster(particles, algorithm="antikt", radius=0.4)
    >>> jets.constituent_index.tolist(), jets.constituents.pt.tolist()
    ([[[0, 2], [1]]], [[[30.0, 20.0], [10.0]]])
    """
    flat = columns(particles, where="particles")
    coordinates, momenta = momentum_columns(flat)
    found = _core.cluster(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        algorithm=algorithm,
        radius=radius,
        pt_min_gev=pt_min_gev,
        power=_checked_power(algorithm, power),
        recombination=recombination,
        threads=threads,
    )
    return jet_records(particles, flat.offsets, found)


def exclusive_jets(
    particles: ak.Array,
    *,
    algorithm: str,
    radius: float,
    num_jets: int | None = None,
    d_cut_gev2: float | None = None,
    recombination: str = "E",
    power: float | None = None,
    threads: int | None = None,
) -> ak.Array:
    """Stop the clustering of each event at a number of jets or at a distance.

    Particles that went to the beam before the stop are in none of the jets. A rare
    use with algorithm "antikt", whose distances are not those of a shower.

    Parameters
    ----------
    particles, algorithm, radius, recombination, power, threads
        As in `cluster`.
    num_jets : int, optional
        Stop when so many jets are left, >= 0; of fewer particles each is a jet.
    d_cut_gev2 : float, optional
        Stop before the first step with a larger d_ij or d_iB [GeV^2p; a fraction of
        R^2 with "cambridge_aachen"]. Either this
        or num_jets has to be given.

    Returns
    -------
    awkward array, one list of Momentum4D records per event
        As `cluster` returns them, hardest first.

    Raises
    ------
    ValueError
        Both or neither of num_jets and d_cut_gev2, one of them negative, and as in
        `cluster`.
    UserError
        As in `cluster`.

    References
    ----------
    Catani, Dokshitzer, Seymour, Webber, Nucl. Phys. B 406 (1993) 187, section 2.

    Examples
    --------
    >>> import awkward as ak
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[particle, particle | {"phi": 0.3}]])
    >>> jets = exclusive_jets(particles, algorithm="kt", radius=0.4, num_jets=2)
    >>> jets.constituent_index.tolist()
    [[[0], [1]]]
    """
    flat = columns(particles, where="particles")
    coordinates, momenta = momentum_columns(flat)
    found = _core.exclusive_jets(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        algorithm=algorithm,
        radius=radius,
        power=_checked_power(algorithm, power),
        recombination=recombination,
        num_jets=num_jets,
        d_cut_gev2=d_cut_gev2,
        threads=threads,
    )
    return jet_records(particles, flat.offsets, found)


def recluster(
    jets: ak.Array,
    *,
    algorithm: str,
    radius: float,
    pt_min_gev: float = 0.0,
    recombination: str = "E",
    power: float | None = None,
    threads: int | None = None,
) -> ak.Array:
    """Cluster the constituents of each jet into subjets, hardest first.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Records with `constituents`, as `cluster` returns them.
    algorithm, radius, pt_min_gev, recombination, power, threads
        As in `cluster`.

    Returns
    -------
    awkward array, one list of subjets for each jet
        As `cluster` returns them; constituent_index counts in the jet's own
        constituents. A jet without constituents has no subjets.

    Raises
    ------
    ValueError, UserError
        As in `cluster`; "event 3" in a message is then the jet at place 3 in the
        order of all jets.

    Examples
    --------
    >>> import awkward as ak
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[particle, particle | {"phi": 0.3}]])
    >>> jets = cluster(particles, algorithm="antikt", radius=0.4)
    >>> recluster(jets, algorithm="kt", radius=0.2).constituent_index.tolist()
    [[[[0], [1]]]]
    """
    per_event = ak.num(jets, axis=1) if jets.ndim > 1 else None
    each_jet = ak.flatten(jets, axis=1) if per_event is not None else jets
    subjets = cluster(
        each_jet.constituents,
        algorithm=algorithm,
        radius=radius,
        pt_min_gev=pt_min_gev,
        recombination=recombination,
        power=power,
        threads=threads,
    )
    return subjets if per_event is None else ak.unflatten(subjets, per_event)


def simd_path() -> str:
    """Name the vector instructions that clustering uses in this process.

    The fastest that the machine has, or those that the environment's ODDJET_SIMD
    names; looked at once, by the first clustering. The jets are bitwise the same.

    Returns
    -------
    str
        "avx512", "avx2" or "scalar".

    Raises
    ------
    ValueError
        ODDJET_SIMD has another name, or one that this machine cannot run.

    Examples
    --------
    >>> simd_path() in ("avx512", "avx2", "scalar")
    True
    """
    return _core.simd_path()


def momentum_columns(flat: Columns) -> tuple[str, tuple[NDArray[Any], ...]]:
    """Pick the four momentum columns of flat records, and name their coordinates.

    Parameters
    ----------
    flat : Columns
        With {pt, eta, phi, mass} or {px, py, pz, energy} among its fields.

    Returns
    -------
    coordinates : str
        "pt_eta_phi_mass" or "px_py_pz_energy".
    columns : tuple of four arrays, each float32 or float64, shape (particles,)
        In the order of that name [GeV, radians].
    """
    for coordinates in _COORDINATES:
        names = coordinates.split("_")
        if all(name in flat.fields for name in names):
            arrays = (np.ascontiguousarray(flat.fields[name]) for name in names)
            return coordinates, tuple(arrays)
    message = f"columns without a four-momentum: {sorted(flat.fields)}"
    raise AssertionError(message)


def flattened(jets: ak.Array) -> ak.Array:
    """Join the lists of events; a list of jets stays as it is."""
    return ak.flatten(jets, axis=1) if jets.ndim > 1 else jets


def jet_arguments(jets: ak.Array) -> dict[str, Any]:
    """Take jets and their constituents apart, for kernels that are given both.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Momenta [GeV, radians] with `constituents`; the lists are flattened in order.

    Returns
    -------
    dict of str to Any
        jet_coordinates, jet_columns, coordinates, columns: as `momentum_columns`
        gives them, of the jets and of the constituents; offsets: int64, shape
        (jets + 1,), of the constituents of each jet.

    Raises
    ------
    UserError
        Jets that are no momenta or have no `constituents`.
    """
    each_jet = flattened(jets)
    jet_coordinates, jet_columns = momentum_columns(single_list(each_jet, where="jets"))
    flat = columns(each_jet.constituents, where="constituents")
    coordinates, momenta = momentum_columns(flat)
    return {
        "jet_coordinates": jet_coordinates,
        "jet_columns": jet_columns,
        "coordinates": coordinates,
        "columns": momenta,
        "offsets": flat.offsets,
    }


def jet_records(
    particles: ak.Array, offsets: NDArray[np.int64], found: dict[str, NDArray[Any]]
) -> ak.Array:
    """Dress the columns of a kernel as jets; constituents are an index, not a copy.

    Parameters
    ----------
    particles : awkward array, one list of momenta per event
        What was clustered.
    offsets : int64, shape (events + 1,)
        Where the flat particles of each event begin.
    found : dict of str to ndarray
        pt, eta, phi, mass, event_offsets, constituent_offsets, constituent_index.

    Returns
    -------
    awkward array, one list of Momentum4D records per event
        As `cluster` returns them.
    """
    in_event = found["constituent_index"]
    first_of_event = found["constituent_offsets"][found["event_offsets"]]
    in_flat = in_event + np.repeat(offsets[:-1], np.diff(first_of_event))
    constituent = ak.contents.IndexedArray.simplified(
        ak.index.Index64(in_flat), _flat_layout(particles)
    )
    constituent_offsets = ak.index.Index64(found["constituent_offsets"])
    contents = {
        name: ak.contents.NumpyArray(found[name])
        for name in ("pt", "eta", "phi", "mass")
    } | {
        "constituents": ak.contents.ListOffsetArray(constituent_offsets, constituent),
        "constituent_index": ak.contents.ListOffsetArray(
            constituent_offsets, ak.contents.NumpyArray(in_event)
        ),
    }
    jets = ak.contents.RecordArray(
        list(contents.values()),
        list(contents),
        length=len(found["pt"]),
        parameters={"__record__": "Momentum4D"},
    )
    event_offsets = ak.index.Index64(found["event_offsets"])
    return ak.Array(ak.contents.ListOffsetArray(event_offsets, jets))


def _checked_power(algorithm: str, power: float | None) -> float:
    if (algorithm == "genkt") == (power is not None):
        return 0.0 if power is None else power
    message = (
        "cluster: power must be given for algorithm 'genkt' and for no other, "
        f"got power {power} with {algorithm!r}"
    )
    raise ValueError(message)


def _flat_layout(particles: ak.Array) -> Any:
    layout = ak.to_layout(particles)
    if layout.is_unknown:  # no events, built without a type
        return layout
    return ak.to_layout(ak.flatten(particles, axis=1))
