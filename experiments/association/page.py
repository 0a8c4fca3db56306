"""Figures, sentences and page of ``tuft association``, from its saved numbers."""

from pathlib import Path

import numpy as np

from compartments import load_traces
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import SERIES, new_figure, save_figure, shade_target, style
from experiments.report.page import PageTable, Picture, Section, write_page

COURSES = {
    "error": "output's soma, from the target",
    "predicted": "its dendrite's prediction, from the target",
    "apical": "apical potential of hidden areas",
}
"""What is drawn, each a mean square."""


def draw(folder: Path) -> Path:
    """Figures and page; returns the page."""
    result = read_json(folder / "result.json")
    begin, end = result["switches_ms"]
    with style():
        figure = new_figure(7.6, 2.9 * len(result["rows"]))
        panels = figure.subplots(len(result["rows"]), 1, squeeze=False, sharex=True)[:, 0]
        for number, (axes, row) in enumerate(zip(panels, result["rows"], strict=True)):
            traces = load_traces(folder / f"traces_{number}.nc")
            shade_target(axes, begin / 1e3, end / 1e3, "target shown")
            for (name, words), colour in zip(COURSES.items(), SERIES, strict=False):
                values = np.maximum(traces[name].values, 1e-12)
                seconds = traces.time.values / 1e3
                axes.plot(seconds, np.median(values, 1), color=colour, label=words)
                band = {"color": colour, "alpha": 0.15, "lw": 0}
                axes.fill_between(seconds, values.min(1), values.max(1), **band)
            axes.set(yscale="log", ylabel="mean square")
            axes.set_title(f"noise {row['sigma']:g}" if row["sigma"] else "no noise")
        panels[-1].set_xlabel("time (s)")
        panels[0].legend(fontsize=7)
        save_figure(figure, folder, "association")
    return write_page(folder, "One pattern and its target", sentences(result), sections(result))


def sentences(result: Result) -> list[str]:
    """How near the output is to the target before, with it and after."""
    found = []
    for row in result["rows"]:
        before, last, after = (row[when] for when in ("before", "last", "after"))
        noise = f"Noise {row['sigma']:g}" if row["sigma"] else "No noise"
        fall = np.median(np.array(before["predicted"]) / np.array(last["predicted"]))
        found.append(
            f"{noise}: the dendrite's prediction comes nearer to the target until its square error "
            f"is 1/{fall:.3g} of what it was, and once the target is gone the output's is "
            f"{np.median(after['error']):.2g} (before it was shown "
            f"{np.median(before['error']):.2g}; medians of {len(after['error'])} seeds)."
        )
    return found


def sections(result: Result) -> list[Section]:
    """What is seen, in words."""
    text = [
        "One pattern stays at the input. Before there is a target, interneurons cancel what comes "
        "from above and the apical potential is small. The target nudges the output's soma; the "
        "area below hears of it, its interneurons do not foresee it, and the apical potential "
        "departs from 0: that is the error. All weights learn always, each by `φ(u) − φ(v̂)`, the "
        "difference between a soma's rate and what its dendrite alone would make of it (from "
        "interneurons: by the apical potential itself). As the output's dendrite learns to predict "
        "the target the error goes, and interneurons learn to foresee what is new. When the target "
        "is taken away the output stays.",
    ]
    picture = Picture(
        "association",
        "Medians over seeds of mean squares over neurons, bands from the least to the largest.",
    )
    header = ["noise", "when", "output's soma", "its prediction", "apical potential"]
    words = {
        "before": "before the target",
        "first": "at its onset",
        "last": "at its end",
        "after": "after it",
    }
    rows = [
        [row["sigma"], words[when], *(float(np.median(row[when][name])) for name in COURSES)]
        for row in result["rows"]
        for when in words
    ]
    return [Section("What is seen", text, (picture,), (PageTable(header, rows),))]
