"""Trimming, N-subjettiness and Lund trees as one gets them with the fastjet wheel.

Trimming and N-subjettiness go through its awkward interface, all jets in one call. It
has no Lund tree but the primary plane's Delta and kt, so that the full tree is read off
the classic interface, branching by branch, and turned to numbers by NumPy at once.
"""

from __future__ import annotations

import math
import warnings

import awkward as ak
import numpy as np

with warnings.catch_warnings():  # SWIG's types have no __module__
    warnings.simplefilter("ignore")
    import fastjet


def momenta_of(jets):
    p = jets.constituents
    columns = {"px": p.px, "py": p.py, "pz": p.pz, "E": p.energy}
    return ak.to_packed(ak.zip(columns, with_name="Momentum4D"))


def trim(momenta, *, subjet_radius, pt_fraction):
    """pt of each trimmed jet, and the constituents of its subjets."""
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, subjet_radius)
    sequence = fastjet.ClusterSequence(momenta, definition)
    subjets, members = sequence.inclusive_jets(), sequence.constituent_index(0.0)
    whole = np.hypot(ak.sum(momenta.px, axis=1), ak.sum(momenta.py, axis=1))
    kept = np.hypot(subjets.px, subjets.py) >= pt_fraction * whole
    px, py = (ak.sum(subjets[name][kept], axis=1) for name in ("px", "py"))
    return np.hypot(px, py), ak.flatten(members[kept], axis=2)


def nsubjettiness(momenta, *, counts, radius):
    """tau_N of each jet, one column an N."""
    whole = fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)
    sequence = fastjet.ClusterSequence(momenta, whole)
    taus = sequence.njettiness(
        axes_definition="WTA_KT_Axes", njets=list(counts), beta=1.0, R0=radius
    )
    return np.asarray(taus).reshape(len(momenta), len(counts))


def lund_tree(momenta):
    """(ln z, ln Delta, psi, ln m, ln kt) and neighbours of every node of each jet."""
    whole = fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)
    counts = ak.to_numpy(ak.num(momenta))
    names = ("px", "py", "pz", "E")
    flat = np.stack([ak.to_numpy(ak.flatten(momenta[n])) for n in names], axis=-1)
    branchings, neighbours, sizes = [], [], []
    for rows in np.split(flat, np.cumsum(counts)[:-1]):
        particles = [fastjet.PseudoJet(*row) for row in rows.tolist()]
        sequence = fastjet.ClusterSequence(particles, whole)
        found = _branchings_of(sequence.inclusive_jets()[0])
        branchings += found[0]
        neighbours += found[1]
        sizes.append(len(found[1]))
    return _values(np.array(branchings)), np.array(neighbours), np.array(sizes)


def _branchings_of(jet):
    rows, neighbours = [], []
    pending = [(jet, -1, 0)]
    while pending:
        branch, mother, place = pending.pop()
        harder, softer = fastjet.PseudoJet(), fastjet.PseudoJet()
        if not branch.has_parents(harder, softer):
            continue
        if harder.pt2() < softer.pt2():
            harder, softer = softer, harder
        node = len(neighbours)
        if mother >= 0:
            neighbours[mother][place] = node
        neighbours.append([mother, -1, -1])
        rows.append(
            (
                harder.pt(),
                softer.pt(),
                softer.rap() - harder.rap(),
                softer.phi() - harder.phi(),
                branch.m2(),
            )
        )
        pending.append((softer, node, 2))
        pending.append((harder, node, 1))
    return rows, neighbours


def _values(branchings):
    hard, soft, across, unwrapped, mass_squared = branchings.T
    around = (unwrapped + math.pi) % (2 * math.pi) - math.pi
    delta = np.maximum(1e-6, np.hypot(across, around))
    psi = np.zeros_like(delta)
    np.divide(across, unwrapped, out=psi, where=unwrapped != 0)
    mass = np.maximum(1e-6, np.sqrt(np.abs(mass_squared)))
    columns = [soft / (soft + hard), delta, np.arctan(psi), mass, soft * delta]
    for i in (0, 1, 3, 4):
        columns[i] = np.log(columns[i])
    return np.stack(columns, axis=-1)
