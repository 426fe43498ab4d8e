"""Rows of a study, put together: means, nulls and a table as in the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oddjet.stats.permutations import permutation_test
from oddjet.studies.repeats import markdown_table

__all__ = ["among_permutations", "row_results"]


def among_permutations(
    row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Place the significance of a row among those of its permuted labels.

    Parameters
    ----------
    row : mapping
        As `oddjet.studies.rows.make_row` writes it.
    others : sequence of mapping
        As `oddjet.studies.rows.make_permutation` writes them.

    Returns
    -------
    dict or None
        ``p_value``, exact if the events are exchangeable, ``mean`` and ``width`` of the
        permutations, and all their ``sigma``. None without a significance of the row
        or of any permutation; one that is not determined counts as no excess.
    """
    sigma = [other["sigma"] for other in others]
    known = [value for value in sigma if value is not None]
    if row["sigma"] is None or not known:
        return None
    test = permutation_test(row["sigma"], known)
    # Whatever has no answer is the same for all labels: last in their order.
    p_value = test.p_value * (1 + len(known)) / (1 + len(sigma))
    return {
        "p_value": p_value,
        "mean": test.mean,
        "width": test.width if len(known) > 1 else None,
        "sigma": sigma,
    }


def row_results(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the content of study.json: the rows, their repeats put together.

    Parameters
    ----------
    rows : sequence of mapping
        As `oddjet.studies.rows.make_row` writes them.

    Returns
    -------
    dict
        ``rows`` (all of them), ``summary`` (a row each: mean, width and all values of
        sigma) and ``table`` (Markdown, with the columns of arXiv:2204.11889).
    """
    names = list(dict.fromkeys(row["name"] for row in rows))
    summary = {
        name: _summary([row for row in rows if row["name"] == name]) for name in names
    }
    return {"rows": list(rows), "summary": summary, "table": _table(rows)}


def _summary(repeats: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    sigma = [row["sigma"] for row in repeats if row["sigma"] is not None]
    return {
        "repeats": len(repeats),
        "not_determined": len(repeats) - len(sigma),
        "sigma": sigma,
        "mean": float(np.mean(sigma)) if sigma else None,
        "width": float(np.std(sigma, ddof=1)) if len(sigma) > 1 else None,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write a line a row and repeat; counts of processes are simulation truth."""
    processes = sorted(
        {name for row in rows for part in ("selected_sr", "selected_cr")
         for name in row[part]}
    )  # fmt: skip
    head = ["row", "N_SR", "N_CR", "n_exp", "n_SR"]
    head += [f"n_SR {name}" for name in processes]
    head += [f"n_CR {name}" for name in processes]
    head += ["exact sigma", "paper's formula"]
    permuted = any(row.get("permutation") for row in rows)
    head += ["permutation p"] * permuted
    lines = []
    for row in rows:
        line = [f"{row['name']} #{row['repeat']}"]
        line += [str(row["n_sr_total"]), str(row["n_cr_total"])]
        line += [_number(row["n_expected"], 1), _number(row["n_sr"], 0)]
        for part in ("selected_sr", "selected_cr"):
            line += [str(row[part].get(name, 0)) for name in processes]
        line += [_number(row["sigma"], 2), _number(row["paper_sigma"], 2)]
        line += [_number((row.get("permutation") or {}).get("p_value"), 3)] * permuted
        lines.append(line)
    return markdown_table(head, lines)


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
