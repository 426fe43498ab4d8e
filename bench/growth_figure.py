"""A figure of how time and memory grow with the size of a sample."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

# The file depends on the numbers alone.
mpl.rcParams["svg.hashsalt"] = "oddjet"


def draw_growth(rows, path):
    """Rows of n, seconds by name, and bytes an event; to an SVG file."""
    sizes = [row["n"] for row in rows]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name in rows[0]["seconds"]:
        nanoseconds = [1e9 * row["seconds"][name] / row["n"] for row in rows]
        left.plot(sizes, nanoseconds, "o-", label=name)
    left.set(ylabel="CPU time per event [ns]", ylim=(0, None))
    left.legend()
    right.plot(sizes, [row["bytes_an_event"] for row in rows], "o-")
    right.set(ylabel="peak memory per event [bytes]", ylim=(0, None))
    for axes in (left, right):
        axes.set(xscale="log", xlabel="events n")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
