"""Figures, sentences and page of ``tuft pause``, from its saved numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import (
    COLOURS,
    FAINT,
    INK,
    SERIES,
    THEORY,
    new_figure,
    save_figure,
    style,
)
from experiments.report.page import PageTable, Picture, Section, write_page

Row = Mapping[str, Any]

EQUATIONS = (
    "A rule of a microcircuit compares the rate of a soma with what its dendrite predicts. The "
    "soma follows with τ_k = 1/(g_lk + g_B + g_A), about half a millisecond, so that after a "
    "switch `u − v̂ ≈ −τ_k dv̂/dt`: its integral is −τ_k Δv̂ whatever the stimulus' filter τ₀, and a "
    "pause s leaves a share exp(−s/τ₀) of it. That is little beside a presentation T, but what it "
    "competes with, the error that came down through two small conductances, is a few hundred "
    "times smaller than Δv̂.",
    "The matched prediction p follows v̂ as the soma does, `τ_k dp/dt = v̂ − p`, and takes its "
    "place in the rule: without a target u = p at every instant. The filtered target passes the "
    "stages that the output's prediction has passed.",
)


def draw(folder: Path) -> Path:
    """Figures and page; returns the page."""
    result = read_json(folder / "result.json")
    config = read_json(folder / "config.json")
    with style():
        figure = new_figure(9.6, 3.4)
        switch, pauses = figure.subplots(1, 2, width_ratios=(1, 1.5))
        schematic(switch)
        curve(pauses, result["curve"], result["rest"])
        save_figure(figure, folder, "pause")
        rows = beside(result)
        figure = new_figure(7.2, 1.0 + 0.28 * len(rows))
        bars(figure.subplots(), rows, result["curve"])
        save_figure(figure, folder, "conditions")
    what = (
        f"{config['dataset']}, {'-'.join(map(str, config['hidden'])) or 'no'} hidden neurons, T = "
        f"{config['presentation_ms']:g} ms, {config['seeds']} seeds, {config['epochs']} epochs."
    )
    pictures = (
        Picture(
            "pause",
            "Left: a soma (green) behind what its dendrite predicts (blue) after a switch; dotted: "
            "the matched prediction, which is behind alike. Right: test accuracy against the "
            "pause, mean and s.d. over seeds; dotted: learning at rest but for the trace that "
            f"theory says a switch leaves; grey: without any switch. {what}",
        ),
        Picture("conditions", f"Test accuracy, mean and s.d. over seeds. {what}"),
    )
    tables = (curve_table(result), conditions_table(rows))
    section = Section("After a switch", EQUATIONS, pictures, tables)
    title = "How long plasticity must wait, and how it need not"
    return write_page(folder, title, sentences(result), [section])


def schematic(axes: Axes, tau_0: float = 3.0, tau: float = 0.53) -> Axes:
    """A soma behind its dendrite's prediction after a switch, and the matched prediction."""
    t = np.linspace(0, 12, 400)
    v_hat = 1 - np.exp(-t / tau_0)
    late = tau / (tau_0 - tau) * (np.exp(-t / tau_0) - np.exp(-t / tau))
    u = v_hat - late
    axes.plot(t, v_hat, color=COLOURS["u"], label="v̂, predicted")
    axes.plot(t, u, color=COLOURS["x"], label="u, soma")
    axes.plot(t, u, **THEORY, label="p, matched prediction")
    axes.fill_between(t, u, v_hat, color=COLOURS["error"], alpha=0.35, linewidth=0)
    axes.set(xlabel="time after a switch (ms)", ylabel="potential", title="a switch is no error")
    axes.legend()
    return axes


def curve(axes: Axes, rows: Sequence[Row], rest: Sequence[Row]) -> Axes:
    """Accuracy against the pause for each tau_0, beside theory."""
    for colour, tau_0 in zip(SERIES, sorted({row["tau_0"] for row in rows}), strict=False):
        members = [row for row in rows if row["tau_0"] == tau_0]
        pauses = [row["pause"] for row in members]
        tests = [percentage(row["test"]) for row in members]
        deviations = [percentage(row["sd"] or 0.0) for row in members]
        look: dict[str, Any] = {"color": colour, "marker": "o", "capsize": 2}
        axes.errorbar(pauses, tests, deviations, label=f"τ₀ = {tau_0:g} ms", **look)
        for each in rest:
            if each["tau_0"] == tau_0:
                expected = [percentage(test) for test in each["tests"]]
                axes.plot(each["pauses"], expected, **{**THEORY, "color": colour})
                axes.axhline(percentage(each["without_switches"]), color=FAINT, linewidth=0.8)
    axes.set_xscale("symlog", linthresh=3, linscale=0.6)
    ticks = sorted({row["pause"] for row in rows})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="pause of plasticity after a switch (ms)", ylabel="test accuracy (%)")
    axes.legend()
    return axes


def bars(axes: Axes, rows: Sequence[Row], points: Sequence[Row]) -> Axes:
    """A bar for each way to learn; the line is the best of the curve with the same tau_0."""
    places = np.arange(len(rows))[::-1]
    tests = [percentage(row["test"]) for row in rows]
    deviations = [percentage(row["sd"] or 0.0) for row in rows]
    colours = [SERIES[0] if row["pause"] else SERIES[2] for row in rows]
    axes.barh(places, tests, xerr=deviations, color=colours, height=0.7, error_kw={"lw": 0.8})
    for place, value in zip(places, tests, strict=True):
        if np.isfinite(value):
            axes.text(1, place, f"{value:.1f}", va="center", color="white", fontsize=8)
    best = max(percentage(row["test"]) for row in points if row["tau_0"] == points[0]["tau_0"])
    axes.axvline(best, **THEORY)
    axes.set_yticks(places, [row["label"] for row in rows])
    axes.set(xlim=(0, 100), xlabel="test accuracy (%); blue: with a pause, green: without")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", labelcolor=INK)
    return axes


def beside(result: Result) -> list[dict[str, Any]]:
    """The first tau_0 with its longest useful pause and none, then the conditions."""
    points = [row for row in result["curve"] if row["tau_0"] == result["curve"][0]["tau_0"]]
    best = max(points, key=lambda row: row["validation"][-1] or 0.0)
    none = min(points, key=lambda row: row["pause"])
    found = [{**best, "label": f"pause of {best['pause']:g} ms"}, {**none, "label": "no pause"}]
    several = len({row["tau_0"] for row in result["conditions"]}) > 1
    for row in result["conditions"]:
        label = row["label"] + (f", τ₀ = {row['tau_0']:g} ms" if several else "")
        found.append({**row, "label": label})
    return found


def curve_table(result: Result) -> PageTable:
    """The curve, with what theory says."""
    theory = {
        (each["tau_0"], pause): (test, share)
        for each in result["rest"]
        for pause, test, share in zip(each["pauses"], each["tests"], each["share"], strict=True)
    }
    rows = []
    for row in result["curve"]:
        test, share = theory.get((row["tau_0"], row["pause"]), (None, None))
        told = None if test is None else percentage(test)
        rows.append([row["tau_0"], row["pause"], percent(row), told, share])
    header = ("τ₀ (ms)", "pause (ms)", "test %", "theory %", "switch/error")
    caption = (
        "Switch/error: τ_k/(T − s) · |Δv̂|/|ξ| · exp(−s/τ₀), with |Δv̂|/|ξ| of the hidden area in "
        "the last quarter of learning at rest"
    )
    found = [f"{each['contrast']:.0f} (τ₀ = {each['tau_0']:g} ms)" for each in result["rest"]]
    return PageTable(header, rows, f"{caption}: {', '.join(found)}." if found else caption + ".")


def conditions_table(rows: Sequence[Row]) -> PageTable:
    """Every way to learn."""
    cells = [[row["label"], row["pause"], percent(row), len(row["tests"])] for row in rows]
    return PageTable(("learning", "pause (ms)", "test %", "seeds"), cells)


def percentage(value: float | None) -> float:
    """In percent; not a number for what diverged."""
    return float("nan") if value is None else 100 * value


def percent(row: Row) -> str:
    """Mean and deviation in percent."""
    if row["test"] is None:
        return "diverged"
    deviation = "" if row["sd"] is None else f" ± {100 * row['sd']:.1f}"
    return f"{100 * row['test']:.1f}{deviation}"


def sentences(result: Result) -> list[str]:
    """With a pause, without, and what does without one."""
    paused, none, *others = beside(result)
    found = [
        f"With a pause of {paused['pause']:g} ms after each switch {percent(paused)} % of test "
        f"samples are classified rightly, with plasticity always on {percent(none)} %."
    ]
    first = [row for row in others if row["tau_0"] == paused["tau_0"] and not row["pause"]]
    if first:
        best = max(first, key=lambda row: row["validation"][-1] or 0.0)
        found.append(
            f"Without any pause the best on validation samples is “{best['label']}”: "
            f"{percent(best)} %."
        )
    return found
