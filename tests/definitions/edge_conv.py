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


def edge_conv_block(x, points, weights, name, *, k, slope, neighbours=neighbours_of):
    outputs = []
    for i in range(len(x)):
        messages = [
            message(x[i], x[j], weights, name, slope) for j in neighbours(points, i, k)
        ]
        shortcut = weights[f"{name}.shortcut.weight"] @ x[i]
        total = normalise(shortcut, weights, f"{name}.shortcut_norm")
        if messages:
            total = total + np.mean(messages, axis=0)
        outputs.append(activate(total, slope))
    return np.array(outputs)


def faithful_neighbours_of(points, i, k):
    """Of the k + 1 nearest slots, itself among them, all but the first."""
    distances = [np.sum((points[i] - points[j]) ** 2) for j in range(len(points))]
    return list(np.argsort(distances, kind="stable")[1 : k + 1])


def standardised(constituents, weights):
    x = (constituents - weights["feature_mean"]) / weights["feature_scale"]
    return normalise(x, weights, "input_norm") if "input_norm.weight" in weights else x


def head(pooled, weights, slope):
    hidden, layer = np.concatenate(pooled), 0
    while f"dense.{layer}.weight" in weights:
        hidden = weights[f"dense.{layer}.weight"] @ hidden
        hidden = activate(hidden + weights[f"dense.{layer}.bias"], slope)
        layer += 1
    output = weights["output.weight"] @ hidden + weights["output.bias"]
    if len(output) == 1:
        return output[0]
    control, signal = np.exp(output) / np.exp(output).sum()  # softmax
    return np.log(signal / control)


def in_double(weights):
    return {name: np.asarray(value, np.float64) for name, value in weights.items()}


def edge_conv_logit(weights, constituents, *, k, slope, coordinates):
    """Score one jet from its real constituents, (n, features) with n >= 1."""
    weights = in_double(weights)
    constituents = np.asarray(constituents, np.float64)
    points = constituents[:, list(coordinates)]
    x = standardised(constituents, weights)
    pooled, block = [x.mean(axis=0)], 0
    while f"blocks.{block}.shortcut.weight" in weights:
        x = edge_conv_block(x, points, weights, f"blocks.{block}", k=k, slope=slope)
        points = x
        pooled.append(x.mean(axis=0))
        block += 1
    return head(pooled, weights, slope)


def faithful_logit(weights, constituents, slots, *, k, slope, coordinates):
    """Score one jet as ParticleNet for Keras does, padded with zeros to `slots`."""
    weights = in_double(weights)
    real = np.arange(slots) < len(constituents)
    padded = np.zeros((slots, np.shape(constituents)[1]))
    padded[real] = constituents
    shift = 999.0 * ~real[:, np.newaxis]
    points = padded[:, list(coordinates)]
    x = standardised(padded, weights)
    pooled, block = [(x * real[:, np.newaxis]).mean(axis=0)], 0
    while f"blocks.{block}.shortcut.weight" in weights:
        name = f"blocks.{block}"
        x = edge_conv_block(
            x, points + shift, weights, name, k=k, slope=slope,
            neighbours=faithful_neighbours_of,
        )  # fmt: skip
        points = x
        pooled.append((x * real[:, np.newaxis]).mean(axis=0))
        block += 1
    return head(pooled, weights, slope)
