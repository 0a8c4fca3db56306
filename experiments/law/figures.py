"""Figures and page of ``tuft law``, from its saved numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.lab.remedies import remedy
from experiments.lab.storage import read_json
from experiments.law.fit import FACTORS, sentences, smallest_rate, terms
from experiments.report.figure_style import SERIES, THEORY, new_figure, save_figure, style
from experiments.report.page import PageTable, Picture, Section, write_page


def draw(folder: Path) -> Path:
    """Figure and page from the saved numbers; returns the page."""
    result = read_json(folder / "result.json")
    with style():
        figure = new_figure(9.6, 3.2)
        against_time, means, against_law = figure.subplots(1, 3)
        time_axes(against_time, result["rows"])
        time_axes(means, result["rows"], mean=True)
        law_axes(against_law, result["rows"], result["fits"])
        save_figure(figure, folder, "law")
    header = ("remedy", "D", *FACTORS, "off by", "slope, initial", "slope, learned")
    cells = [
        [
            remedy(fit["remedy"]).label,
            fit["changes"],
            *(fit[name] for name in (*FACTORS, "median_factor_off")),
            *fit["slope_T"].values(),
        ]
        for fit in result["fits"]
    ]
    picture = Picture(
        "law",
        "Left: median error of one update against T (solid: initial, dashed: learned weights; "
        "dotted: slope −1). Middle: error of the mean update. Right: every switch against the law.",
    )
    caption = "err = c1 (τ/T) |D|/|ξ| + c2 dt/T + c3 η |u₀|²; D: the change of u_L or of ξ_L."
    section = Section("Fitted factors", (), (picture,), (PageTable(header, cells, caption),))
    return write_page(folder, "The error of one update", sentences(result), [section])


def time_axes(axes: Axes, rows: Sequence[dict[str, Any]], mean: bool = False) -> Axes:
    """Median error (or that of the mean) against T, for every remedy and state of the weights."""
    eta = smallest_rate(rows)
    for colour, name in zip(SERIES, dict.fromkeys(row["remedy"] for row in rows), strict=False):
        for state, line in (("initial", "-"), ("learned", "--")):
            chosen = [
                row
                for row in rows
                if (row["remedy"], row["state"], row["eta"], row["dt_ms"]) == (name, state, eta, 1)
            ]
            ratios = [row["ratio"] for row in chosen]
            found = [row["mean_error"] if mean else np.median(row["errors"]) for row in chosen]
            label = remedy(name).label if state == "initial" else None
            axes.loglog(ratios, found, line, marker="o", color=colour, label=label)
    times = sorted({row["ratio"] for row in rows})
    axes.loglog(times, 20 / np.array(times), **THEORY)
    axes.set_xticks(times, [f"{ratio:g}" for ratio in times])
    axes.minorticks_off()
    axes.set_xlabel("presentation T/τ")
    axes.set_ylabel("relative error of the " + ("mean update" if mean else "update"))
    if not mean:
        axes.legend(fontsize=7)
    return axes


def law_axes(axes: Axes, rows: Sequence[dict[str, Any]], fits: Sequence[dict[str, Any]]) -> Axes:
    """Every switch: measured error against the fitted law."""
    for colour, fit in zip(SERIES, fits, strict=False):
        members = [row for row in rows if row["remedy"] == fit["remedy"]]
        law = np.concatenate([terms(row) for row in members]) @ [fit[name] for name in FACTORS]
        errors = np.concatenate([row["errors"] for row in members])
        axes.loglog(law, errors, ".", color=colour, markersize=1.5)
    ends = np.array(axes.get_xlim())
    axes.loglog(ends, ends, **THEORY)
    axes.set_xlabel("fitted law")
    axes.set_ylabel("measured error")
    return axes
