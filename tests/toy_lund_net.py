"""Toy LundNets and toy trees, made of nothing but a seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from oddjet.features import LundTrees


def random_trees(sizes, *, seed, variables=5):
    """Trees of given numbers of nodes: each node but the first hangs on an earlier."""
    random = np.random.default_rng(seed)
    neighbours = []
    for size in sizes:
        one = np.full((size, 3), -1)
        free = {0: [1, 2]}
        for node in range(1, size):
            mother = random.choice(list(free))
            one[mother, free[mother].pop(random.integers(len(free[mother])))] = node
            if not free[mother]:
                del free[mother]
            one[node, 0] = mother
            free[node] = [1, 2]
        neighbours.append(one)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    values = random.normal(-1.0, 2.0, (offsets[-1], variables)).astype(np.float32)
    return LundTrees(values, np.concatenate(neighbours), offsets)


def lund_weights(
    blocks,
    *,
    seed,
    fusion=12,
    dense=7,
    variables=5,
    shortcut=True,
    normalised_logit=False,
):
    """Random weights of a LundNet, named as in its state."""
    random = np.random.default_rng(seed)

    def matrix(outputs, inputs):
        return random.normal(0.0, inputs**-0.5, (outputs, inputs))

    def norm(name, width):
        return {
            f"{name}.weight": random.uniform(0.5, 1.5, width),
            f"{name}.bias": random.normal(0.0, 0.3, width),
            f"{name}.running_mean": random.normal(0.0, 0.3, width),
            f"{name}.running_var": random.uniform(0.5, 2.0, width),
        }

    weights = {
        "feature_mean": random.normal(0.0, 1.0, variables),
        "feature_scale": random.uniform(0.5, 2.0, variables),
        **norm("input_norm", variables),
    }
    inputs = variables
    for number, widths in enumerate(blocks):
        name = f"blocks.{number}"
        for part in ("theta", "phi"):
            weights[f"{name}.{part}.weight"] = matrix(widths[0], inputs)
        weights |= norm(f"{name}.norms.0", widths[0])
        for layer, (before, after) in enumerate(pairwise(widths)):
            weights[f"{name}.layers.{layer}.weight"] = matrix(after, before)
            weights |= norm(f"{name}.norms.{layer + 1}", after)
        if shortcut and inputs != widths[-1]:
            weights[f"{name}.shortcut.0.weight"] = matrix(widths[-1], inputs)
            weights |= norm(f"{name}.shortcut.1", widths[-1])
        inputs = widths[-1]
    weights["fusion.weight"] = matrix(fusion, sum(widths[-1] for widths in blocks))
    weights["fusion.bias"] = random.normal(0.0, 0.3, fusion)
    weights |= norm("fusion_norm", fusion)
    for name, after, before in (("dense", dense, fusion), ("output", 2, dense)):
        weights[f"{name}.weight"] = matrix(after, before)
        weights[f"{name}.bias"] = random.normal(0.0, 0.3, after)
    if normalised_logit:
        weights |= norm("logit_norm", 1)
    return {name: value.astype(np.float32) for name, value in weights.items()}
