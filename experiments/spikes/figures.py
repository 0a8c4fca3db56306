"""Figures, sentences and page of ``tuft spikes``, from its saved numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from compartments.event_records import moments_of
from compartments.recording import load_traces
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import (
    SERIES,
    THEORY,
    label_layer,
    mark_switch,
    new_figure,
    save_figure,
    style,
)
from experiments.report.page import FellShort, PageTable, Picture, Section, write_page

_GLOSSARY = (
    ("event", "what an axon sends at a moment: a single spike, or a burst"),
    ("burst", "an event of two or more spikes in close succession; here it carries the error"),
    ("u", "share of its largest rate at which a unit has events"),
    ("δ", "Algorithm 1's error times derivative: bursts in excess of p₀ of the events"),
    ("s, d", "what synapses see of events, and of bursts minus p₀ events, through one filter"),
    ("N", "cells of a unit, which share its dendrites and weights"),
    ("p₀, κ", "probability of a burst without error, and how much the error moves it"),
    ("escape noise", "a cell fires with a hazard that depends on its membrane"),
)


def draw(folder: Path) -> Path:
    """Figures and page; returns the page."""
    result = read_json(folder / "result.json")
    with style():
        draw_raster(folder)
        _cells(folder, result)
        _chance(folder, result)
        if "learning" in result:
            _learning(folder, result["learning"])
    return write_page(folder, "Neurons that fire", sentences(result), _sections(result))


def draw_raster(folder: Path) -> None:
    """Events of two layers while digits are shown, and what synapses see, rests dotted."""
    events, traces = load_traces(folder / "events.nc"), load_traces(folder / "traces.nc")
    rest = load_traces(folder / "rest.nc")
    figure = new_figure(8.4, 6.4)
    panels = figure.subplots(4, 1, sharex=True, height_ratios=(2, 1.4, 1, 1))
    for axes, layer in zip(panels, ("hidden1", "output"), strict=False):
        raster(axes, events, layer)
    for axes, name, title in zip(panels[2:], "sd", ("events: s", "bursts: d"), strict=True):
        following(axes, traces, rest, f"{name}_output")
        axes.set_title(f"output, what synapses see of {title}", fontsize=8)
    panels[-1].set_xlabel("time (ms)")
    save_figure(figure, folder, "raster")


def raster(axes: Axes, events: xr.Dataset, layer: str) -> Axes:
    """A point for each single and each burst of a layer."""
    for name, colour, size in (("single", "0.55", 2), ("burst", SERIES[1], 5)):
        found = moments_of(events, name, layer)
        axes.scatter(found.time_ms, found.unit, s=size, c=colour, label=name, linewidths=0)
    axes.set(ylabel="unit", title=label_layer(layer))
    axes.legend(loc="upper right", fontsize=6, markerscale=2)
    return axes


def following(axes: Axes, traces: xr.Dataset, rest: xr.Dataset, name: str) -> Axes:
    """Three units' traces, and where Algorithm 1 has them in each presentation, dotted."""
    time = traces.time.values
    length = (time[-1] + time[1] - time[0]) / rest.sizes["presentation"]
    for unit, colour in zip(range(3), SERIES, strict=False):
        axes.plot(time, traces[name].values[:, unit], color=colour, lw=0.8)
        for k, value in enumerate(rest[name].values[:, unit]):
            axes.plot([k * length, (k + 1) * length], [value] * 2, **{**THEORY, "color": colour})
    for k in range(1, rest.sizes["presentation"]):
        mark_switch(axes, k * length)
    return axes


def _cells(folder: Path, result: Result) -> None:
    figure = new_figure(8.4, 2.8)
    left, right = figure.subplots(1, 2)
    rates, bursts = result["rates"], result["bursts"]
    drive = _column(rates, "drive")
    left.plot(drive, _column(rates, "rate_hz"), "o", ms=4, color=SERIES[0], label="measured")
    fine = np.linspace(1.0005, drive.max(), 500)
    left.plot(fine, 1e3 / (2 + 10 * np.log(fine / (fine - 1))), label="theory", **THEORY)
    left.set(xlabel="drive / threshold", ylabel="rate (Hz)", title="integrate-and-fire")
    left.legend(fontsize=7)
    apical = _column(bursts, "apical")
    right.plot(apical, _column(bursts, "burst_share"), "o-", color=SERIES[1], ms=4)
    right.set(
        xlabel="apical input / threshold of the plateau",
        ylabel="share of bursts",
        ylim=(0, 1),
        title="calcium spike: basal input alone, and with apical",
    )
    twin = right.twinx()
    twin.plot(apical, _column(bursts, "events_hz"), "s--", color="0.5", ms=3)
    twin.set(ylabel="events a second (grey)", ylim=(0, None))
    save_figure(figure, folder, "cells")


_AXES = {"cells": "cells N", "window_ms": "window T (ms)", "r_max_hz": "largest rate (Hz)"}


def _chance(folder: Path, result: Result) -> None:
    figure = new_figure(8.4, 2.8)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (name, rows) in zip(panels, result["chance"].items(), strict=True):
        for of, colour in (("activity", SERIES[0]), ("error", SERIES[1])):
            label = "u by events" if of == "activity" else "δ by bursts"
            axes.plot(_column(rows, name), _column(rows, of), "o", ms=4, color=colour, label=label)
            axes.plot(_column(rows, name), _column(rows, f"{of}_theory"), **THEORY)
        axes.set(xscale="log", yscale="log", xlabel=_AXES[name])
    panels[0].set_ylabel("standard deviation")
    panels[0].legend(fontsize=7)
    save_figure(figure, folder, "chance")


def _learning(folder: Path, rows: Mapping[str, Any]) -> None:
    figure = new_figure(8.4, 3.0)
    left, right = figure.subplots(1, 2)
    for (name, row), colour in zip(rows.items(), SERIES, strict=False):
        curve = 100 * np.array(row["tested"]["validation"], dtype=float).mean((1, 2))
        left.plot(np.arange(1, len(curve) + 1), curve, color=colour, label=name)
        if "accuracy_at" in row["tested"]:
            at = 100 * np.array(row["tested"]["accuracy_at"], dtype=float).mean(1)
            right.plot(row["tested"]["times_ms"], at, color=colour)
    left.set(xlabel="epoch", ylabel="validation accuracy (%)", ylim=(0, 100))
    right.set(xlabel="time after onset (ms)", ylabel="test accuracy so far (%)", ylim=(0, 100))
    left.legend(fontsize=7)
    save_figure(figure, folder, "learning")


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows], dtype=float)


def raster_section() -> Section:
    """Events while digits are shown, explained."""
    text = (
        "Units that fire: events say u, the share of bursts among them says the error, over one "
        "axon. With a logistic f, bursts in excess of chance carry Algorithm 1's δ."
    )
    caption = (
        "Three digits with their classes, a 64-16-10 network that does not learn meanwhile, ten "
        "cells a unit. Dotted: Algorithm 1 at rest."
    )
    return Section("By events", (text,), (Picture("raster", caption),))


def _sections(result: Result) -> list[Section]:
    sections = [
        raster_section(),
        Section(
            "One cell",
            (),
            (
                Picture(
                    "cells",
                    "Left: rate against constant drive, dotted 1/(t_ref + τ ln(I/(I − 1))). Right: "
                    "a cell with back-propagating spikes and an apical plateau.",
                ),
            ),
        ),
        Section("Chance", (), (Picture("chance", _chance_caption(result)),), (_slopes(result),)),
        Section("Both engines, spike for spike", (), (), (_equality(result),)),
    ]
    if "learning" in result:
        picture = Picture(
            "learning",
            "Left: answers by events after each epoch, mean over seeds. Right: test accuracy of "
            "the output unit that has had most events so far.",
        )
        sections.append(Section("Digits by events", (), (picture,), (_learned(result),)))
        if short := fell_short(result):
            sections.append(FellShort(text=tuple(short)))
    return [*sections, Section("Words", tables=(PageTable(("word", "meaning"), _GLOSSARY),))]


def _chance_caption(result: Result) -> str:
    decay, clipped = result["theta_decay"], result["clipped"]
    return (
        "20,000 units held at one u and one error; dotted: theory. Under the minus rule Theta "
        f"decays by chance alone, by {decay['measured']:.3f} η a presentation with one cell a unit "
        f"(theory {decay['theory']:.3f}). Probabilities that had to be clipped while digits are "
        f"shown: {clipped['count']:.0f}, a share of {clipped['share']:.1e}."
    )


def _slopes(result: Result) -> PageTable:
    rows = [
        (_AXES[row["varied"]], row["of"], row["slope"], row["prefactor"])
        for row in result["slopes"]
    ]
    return PageTable(("varied", "of", "slope (theory −1/2)", "measured / theory"), rows)


def _equality(result: Result) -> PageTable:
    rows = [
        (row["case"], row["steps"], row["events"], row["same"], row["apart"])
        for row in result["equality"]
    ]
    return PageTable(("network", "steps", "events", "the same", "largest distance of v"), rows)


def _learned(result: Result) -> PageTable:
    header = (
        "units", "η", "at the grid's edge", "test %, mean", "sd", "at rest %", "spikes a decision"
    )  # fmt: skip
    rows = []
    for name, row in result["learning"].items():
        tested = row["tested"]
        test = 100 * np.array(tested["test"], dtype=float)
        rest = 100 * np.array(tested["test_at_rest"], dtype=float)
        spikes = tested.get("spikes")
        many = None if spikes is None else round(float(np.mean(spikes)))
        spread = float(test.std(ddof=1)) if test.size > 1 else None
        rows.append(
            (name, row["eta"], row["at_edge"], float(test.mean()), spread, float(rest.mean()), many)
        )
    return PageTable(header, rows)


WITHIN = {"100 cells": 2.0, "10 cells": 6.0}
"""Points within which of the graded network a row is wanted."""


def fell_short(result: Result) -> list[str]:
    """What is further from the graded network than is wanted, or was selected at an edge."""
    accuracy = {
        name: 100 * float(np.mean(row["tested"]["test"]))
        for name, row in result["learning"].items()
    }
    found = []
    for name, points in WITHIN.items():
        if name in accuracy and accuracy["graded"] - accuracy[name] > points:
            found.append(
                f"{name}: {accuracy['graded'] - accuracy[name]:.1f} points below the graded network"
                f"; {points:g} are wanted."
            )
    for name, row in result["learning"].items():
        if row["at_edge"]:
            found.append(f"{name}: its rate, {row['eta']:g}, is at the edge of its grid.")
    return found


def sentences(result: Result) -> list[str]:
    """Equality, slopes, and what was learned."""
    equal = result["equality"]
    same, events = sum(row["same"] for row in equal), sum(row["events"] for row in equal)
    slopes = [row["slope"] for row in result["slopes"]]
    factors = [row["prefactor"] for row in result["slopes"]]
    lines = [
        f"Brian2 and torch have the same events in {same} of {len(equal)} networks "
        f"({events:,} events, {equal[0]['steps']:,} steps each).",
        f"Chance falls with slopes of {min(slopes):.3f} to {max(slopes):.3f} in N, T and the "
        f"largest rate (theory −1/2), at {min(factors):.3f} to {max(factors):.3f} times theory.",
    ]
    for name, row in result.get("learning", {}).items():
        test = 100 * np.array(row["tested"]["test"], dtype=float)
        lines.append(f"{name}: {test.mean():.1f} % of test digits ({test.size} seeds).")
    return lines
