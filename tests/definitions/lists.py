"""Literal meaning of the kernels of lists."""

from __future__ import annotations


def join_lists(sources):
    """sources[s][event] is a list; event by event, the lists of all sources."""
    return [
        [value for values in lists for value in values]
        for lists in zip(*sources, strict=True)
    ]


def unpad(rows, slots, numbers):
    """For each number of a slot the list of its values in each row."""
    columns = [[] for _ in range(numbers)]
    for row in rows:
        filled = [s for s in range(slots) if row[s * numbers] != 0]
        for number, column in enumerate(columns):
            column.append([row[s * numbers + number] for s in filled])
    return columns
