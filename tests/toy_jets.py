"""Toy jets and toy networks, made of nothing but a seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

FEATURES = (
    "delta_rapidity",
    "delta_azimuth",
    "log_pt",
    "log_pt_ratio",
    "log_energy",
    "log_energy_ratio",
    "delta_r",
)


def toy_jets(count, *, seed, sizes=(2, 12), length=12, prongs=1):
    """Values (count, length, 7) and mask; constituents around one or two axes."""
    random = np.random.default_rng(seed)
    shape = (count, length)
    size = random.integers(sizes[0], sizes[1] + 1, count)
    mask = np.arange(length) < size[:, np.newaxis]
    rapidity, azimuth = random.normal(0.0, 0.15, (2, *shape))
    if prongs == 2:
        rapidity += np.where(random.random(shape) < 0.5, -0.5, 0.5)
    log_pt = np.sort(random.normal(2.0, 1.0, shape))[:, ::-1]
    log_energy = log_pt + np.log(np.cosh(rapidity))
    values = np.stack(
        [
            rapidity,
            azimuth,
            log_pt,
            log_pt - 5.0,
            log_energy,
            log_energy - 5.0,
            np.hypot(rapidity, azimuth),
        ],
        axis=-1,
    )
    return np.where(mask[..., np.newaxis], values, 0).astype(np.float32), mask


def toy_weights(blocks, dense, *, seed, input_norm=False, outputs=1):
    """Random weights of an EdgeConv network, named as in its state."""
    random = np.random.default_rng(seed)
    features = len(FEATURES)

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
        "feature_mean": random.normal(0.0, 1.0, features),
        "feature_scale": random.uniform(0.5, 2.0, features),
    }
    pooled, inputs = features, features
    for number, widths in enumerate(blocks):
        name = f"blocks.{number}"
        for layer, (before, after) in enumerate(pairwise((2 * inputs, *widths))):
            weights[f"{name}.layers.{layer}.weight"] = matrix(after, before)
            weights |= norm(f"{name}.norms.{layer}", after)
        weights[f"{name}.shortcut.weight"] = matrix(widths[-1], inputs)
        weights |= norm(f"{name}.shortcut_norm", widths[-1])
        inputs = widths[-1]
        pooled += inputs
    for layer, (before, after) in enumerate(pairwise((pooled, *dense))):
        weights[f"dense.{layer}.weight"] = matrix(after, before)
        weights[f"dense.{layer}.bias"] = random.normal(0.0, 0.3, after)
    weights["output.weight"] = matrix(outputs, (pooled, *dense)[-1])
    weights["output.bias"] = random.normal(0.0, 0.3, outputs)
    if input_norm:
        weights |= norm("input_norm", features)
    return {name: value.astype(np.float32) for name, value in weights.items()}
