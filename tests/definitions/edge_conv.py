"""The literal meaning of the EdgeConv network: one jet, loops, double precision."""

from __future__ import annotations

import numpy as np


def activate(x, slope):
    return np.where(x > 0, x, slope * x)


def normalise(x, weights, name):
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    scaled = (x - mean) / np.sqrt(variance + 1e-5)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def neighbours_of(points, i, k):
    """The k nearest others; a stable sort gives equal distances to the lower index."""
    others = [j for j in range(len(points)) if j != i]
    distances = [np.sum((points[i] - points[j]) ** 2) for j in others]
    return [others[n] for n in np.argsort(distances, kind="stable")[:k]]


def message(center, neighbour, weights, name, slope):
    x = np.concatenate([center, neighbour - center])
    layer = 0
    while f"{name}.layers.{layer}.weight" in weights:
        x = weights[f"{name}.layers.{layer}.weight"] @ x
        x = activate(normalise(x, weights, f"{name}.norms.{layer}"), slope)
        layer += 1
    return x


def edge_conv_block(x, points, weights, name, *, k, slope):
    outputs = []
    for i in range(len(x)):
        messages = [
            message(x[i], x[j], weights, name, slope)
            for j in neighbours_of(points, i, k)
        ]
        shortcut = weights[f"{name}.shortcut.weight"] @ x[i]
        total = normalise(shortcut, weights, f"{name}.shortcut_norm")
        if messages:
            total = total + np.mean(messages, axis=0)
        outputs.append(activate(total, slope))
    return np.array(outputs)


def edge_conv_logit(weights, constituents, **options):
    """The output of a network that has one."""
    return edge_conv_logits(weights, constituents, **options)[0]


def edge_conv_logits(weights, constituents, *, k, slope, coordinates):
    """All outputs for one jet from its real constituents, (n, features), n >= 1."""
    weights = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    constituents = np.asarray(constituents, np.float64)
    points = constituents[:, list(coordinates)]
    x = (constituents - weights["feature_mean"]) / weights["feature_scale"]
    pooled, block = [x.mean(axis=0)], 0
    while f"blocks.{block}.shortcut.weight" in weights:
        x = edge_conv_block(x, points, weights, f"blocks.{block}", k=k, slope=slope)
        points = x
        pooled.append(x.mean(axis=0))
        block += 1
    hidden, layer = np.concatenate(pooled), 0
    while f"dense.{layer}.weight" in weights:
        hidden = weights[f"dense.{layer}.weight"] @ hidden
        hidden = activate(hidden + weights[f"dense.{layer}.bias"], slope)
        layer += 1
    return weights["output.weight"] @ hidden + weights["output.bias"]
