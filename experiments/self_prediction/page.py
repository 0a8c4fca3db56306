"""Figures, sentences and page of ``tuft self-prediction``, from its saved numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from compartments import load_traces
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import (
    SERIES,
    label_layer,
    mark_switch,
    new_figure,
    save_figure,
    style,
)
from experiments.report.page import FellShort, PageTable, Picture, Section, write_page

WANTED_FALL = 100.0
"""By what factor apical energy is to fall where both rules learn."""

RULE_LABELS = {
    "both": "both rules",
    "IP": "only onto interneurons",
    "PI": "only from interneurons",
}

APICAL_TRACES = {
    "feedback": ("from above", SERIES[0]),
    "lateral": ("from interneurons", SERIES[1]),
    "v_A": ("apical potential, their sum", SERIES[3]),
}


def energy(row: dict[str, Any]) -> np.ndarray:
    """Mean square apical potential, (point, seed): the mean over areas."""
    found: np.ndarray = np.mean(row["energy"], axis=2)
    return found


def falls(row: dict[str, Any]) -> np.ndarray:
    """By what factor each seed's energy has fallen, (seed,)."""
    found: np.ndarray = energy(row)[0] / energy(row)[-1]
    return found


def label(row: dict[str, Any]) -> str:
    """Which rules, and the noise."""
    noise = f", noise {row['sigma']:g}" if row["sigma"] else ""
    return RULE_LABELS[row["rule"]] + noise


def sentences(result: Result) -> list[str]:
    """By how much apical dendrites fell silent."""
    found = []
    for row in result["rows"]:
        fall, count = falls(row), row["presentations"][-1]
        areas = f"{row['areas']} hidden area{'s' if row['areas'] > 1 else ''}"
        found.append(
            f"{areas}, {label(row)}: after {count:,} stimuli the apical energy is 1/"
            f"{np.median(fall):.3g} of what it was (median of {len(fall)} seeds; "
            f"1/{fall.min():.3g} to 1/{fall.max():.3g})."
        )
    return found


def draw(folder: Path) -> Path:
    """Figures and page; returns the page."""
    result = read_json(folder / "result.json")
    with style():
        depths = sorted({row["areas"] for row in result["rows"]})
        figure = new_figure(3.4 * len(depths) + 0.4, 3.2)
        panels = figure.subplots(1, len(depths), sharey=True, squeeze=False)[0]
        for axes, areas in zip(panels, depths, strict=True):
            fall_lines(axes, [row for row in result["rows"] if row["areas"] == areas])
            axes.set_title(f"{areas} hidden area{'s' if areas > 1 else ''}")
        panels[0].set_ylabel("mean square apical potential")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 4))
        save_figure(figure, folder, "energy")
        before, after = (load_traces(folder / f"traces_{when}.nc") for when in ("before", "after"))
        figure = new_figure(7.6, 4.4)
        panels = figure.subplots(2, 2, sharex=True, sharey="row")
        for column, (when, traces) in enumerate((("before", before), ("after", after))):
            for row, unit in enumerate(panels[:, column]):
                potentials(unit, traces, row, result["presentation_ms"])
            panels[0, column].set_title(f"{when} learning, {label_layer('hidden1')}")
            panels[1, column].set_xlabel("time (ms)")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
        save_figure(figure, folder, "silence")
    title = "Interneurons learn to cancel what comes from above"
    return write_page(folder, title, sentences(result), sections(result))


def fall_lines(axes: Axes, rows: list[dict[str, Any]]) -> Axes:
    """Energy against stimuli, a line for each choice of rules; bands from least to largest."""
    for row, colour in zip(rows, SERIES, strict=False):
        values, shown = energy(row), row["presentations"]
        axes.plot(shown, np.median(values, axis=1), color=colour, label=label(row))
        axes.fill_between(shown, values.min(1), values.max(1), color=colour, alpha=0.15, lw=0)
    first = energy(rows[0])[0]
    axes.axhline(np.median(first) / WANTED_FALL, color="0.5", lw=0.8, ls=":")
    axes.set(yscale="log", xlabel="stimuli shown")
    return axes


def potentials(axes: Axes, traces: xr.Dataset, unit: int, presentation_ms: float) -> Axes:
    """What comes from above and from interneurons in one neuron, and their sum."""
    for variable, (words, colour) in APICAL_TRACES.items():
        values = traces[f"{variable}_hidden1"].values[:, unit]
        axes.plot(traces.time, values, color=colour, label=words, lw=2 if variable == "v_A" else 1)
    for begin in np.arange(presentation_ms, traces.time.values[-1], presentation_ms):
        mark_switch(axes, begin)
    axes.set_ylabel(f"neuron {unit + 1}, potential")
    return axes


def sections(result: Result) -> list[Section]:
    """What is learned, how far it goes, and what one rule alone does."""
    how = [
        "A pyramidal neuron of a hidden area hears two things in its apical dendrite: pyramidal "
        "neurons of the area above, by top-down weights, and interneurons of its own area, by "
        "lateral ones. The apical potential is their sum. There are as many interneurons as "
        "neurons above, and each is nudged by one of them, its partner.",
        "Two rules learn, always, while stimuli follow without pause and without target. Onto an "
        "interneuron (Eq. 8 of Sacramento et al. 2018): `dW_IP/dt = η (φ(u_I) − φ(v̂_I)) r`, "
        "where u_I is its somatic potential, v̂_I what its dendrite alone would make of it, r the "
        "rates of its area and φ the function from potential to rate: it learns to say what its "
        "partner says. From it (Eq. 9): `dW_PI/dt = −η v_A r_I`, where v_A is the apical potential "
        "and r_I the interneuron's rate: it learns to cancel what comes from above. When both are "
        "done, an apical potential other than 0 means a target: an error.",
    ]
    depth = [
        "Energy is the mean square of the apical potential over neurons and stimuli, at rest and "
        "without noise, with the weights as they are then, for stimuli that were not learned "
        f"from. The dotted line is 1/{WANTED_FALL:g} of its beginning. Lines are medians over "
        "seeds, bands go from the least to the largest."
    ]
    pictures = (
        Picture("energy", "Mean square apical potential while lateral weights learn."),
        Picture(
            "silence",
            "What two neurons hear from above and from interneurons, and the sum, for three "
            "stimuli; weights stand still. Before learning, and after. Peaks at a switch that are "
            "left are those of the time that interneurons take.",
        ),
    )
    header = ["hidden areas", "learning", "noise", "energy at first", "at the end", "fall, median",
              "fall, least"]  # fmt: skip
    rows = [
        [
            row["areas"],
            RULE_LABELS[row["rule"]],
            row["sigma"],
            float(np.median(energy(row)[0])),
            float(np.median(energy(row)[-1])),
            float(np.median(falls(row))),
            float(falls(row).min()),
        ]
        for row in result["rows"]
    ]
    found = [
        Section("What is learned", how),
        Section("How silent it becomes", depth, pictures, (PageTable(header, rows),)),
    ]
    short = [
        f"{row['areas']} hidden areas, {label(row)}: the energy of the seed that does worst falls "
        f"by {falls(row).min():.3g}, not by {WANTED_FALL:g}."
        for row in result["rows"]
        if row["rule"] == "both" and falls(row).min() < WANTED_FALL
    ]
    return [*found, FellShort(text=short)] if short else found
