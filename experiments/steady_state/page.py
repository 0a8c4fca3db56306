"""Figures, sentences and page of ``tuft steady-state``, from its saved numbers."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import looks, new_figure, save_figure, style
from experiments.report.page import FellShort, PageTable, Picture, Section, write_page

PUBLISHED_ON = "mnist"
"""The data set of the published errors."""


def draw(folder: Path) -> Path:
    """Figures and page; returns the page."""
    result = read_json(folder / "result.json")
    colours = looks([row["label"] for row in result["rows"]])
    with style():
        figure = new_figure(7.6, 3.4)
        left, right = figure.subplots(1, 2)
        for row in result["rows"]:
            look = {"color": colours[row["label"]]["color"]}
            curve(left, row, "validation", look | {"label": row["label"]})
            curve(left, row, "train", look | {"ls": ":", "lw": 1})
        left.set(yscale="log", xlabel="epoch", ylabel="error / %")
        left.set_title("validation; dotted: training")
        left.legend(fontsize=7)
        for row in result["rows"]:
            if "angle" in row["history"][0]:
                angles(right, row, colours[row["label"]]["color"])
        right.set(xlabel="epoch", ylabel="degrees", ylim=(0, 95))
        right.set_title("updates' angle to backpropagation")
        save_figure(figure, folder, "learning")
    return write_page(folder, "Images, learned at rest", sentences(result), sections(result))


def curve(axes: Axes, row: dict[str, Any], key: str, look: dict[str, Any]) -> Axes:
    """An error in per cent after every epoch."""
    epochs = [one["epoch"] for one in row["history"]]
    axes.plot(epochs, [100 * one[key] for one in row["history"]], **look)
    return axes


def angles(axes: Axes, row: dict[str, Any], colour: str) -> Axes:
    """A line for every area; the lower, the thinner."""
    watched = [one for one in row["history"] if one["finite"]]
    count = len(watched[0]["angle"])
    for k in range(count):
        values = [one["angle"][k] for one in watched]
        epochs = [one["epoch"] for one in watched]
        axes.plot(epochs, values, color=colour, lw=0.7 + 1.6 * k / max(count - 1, 1))
        axes.annotate(f"W{k}", (epochs[-1], values[-1]), fontsize=7)
    return axes


def sentences(result: Result) -> list[str]:
    """Test errors, beside the published ones where these are of the same data."""
    beside = result["dataset"] == PUBLISHED_ON
    return [
        f"{row['label']}: {100 * row['test']:.2f} % test error after {row['epoch']} of "
        f"{len(row['history'])} epochs"
        + (f" (published {row['published']:.2f} %)." if beside else ".")
        for row in result["rows"]
    ]


def sections(result: Result) -> list[Section]:
    """What learns, how it is tuned, and what falls short."""
    what = [
        "Images go in as rates. In a microcircuit hidden areas send their rates up, where basal "
        "dendrites hear them, and hear the area above in their apical dendrites; beside each area "
        "stand interneurons, one for each neuron above, which learn to cancel what comes from "
        "there. A target nudges the output; what interneurons then fail to cancel is the error, "
        "and it moves the soma away from what the basal dendrite predicts. Every rule reads that "
        "difference: `ΔW = η (φ(u) − φ(v̂)) r`, u the soma's potential, v̂ what its dendrite alone "
        "would make of it, r the rates from below, φ the logistic function.",
        "Nothing here runs in time: somata are where they rest, found in one pass, up and then "
        "down. That is the rest itself but for what an apical potential sends up again, which is "
        "of second order in the nudging; the recursion of the paper's supplement leaves more out. "
        "Weights change by the mean over a minibatch. Bottom-up weights, thresholds and weights "
        "onto interneurons learn, these so that they keep pace with what they stand for "
        "(`λ η_IP = c η_W`, λ the share of the nudge, c the ratio of both weights when "
        "interneurons predict perfectly); weights from above and from interneurons stay, but in "
        "the network of which all are plastic. It starts with interneurons that predict "
        "perfectly.",
        "Backpropagation learns the same targets with the same kind of neurons, without "
        "interneurons or conductances. A factor of all rates is selected by the validation error "
        "of short runs, for every learner on the same grid; then each learns from the start, its "
        "rate falling to 0 as half a cosine. The weights with the least validation error are "
        "tested, once. One seed.",
    ]
    picture = Picture(
        "learning",
        "Left: share of wrong answers after every epoch. Right: the angle between the mean update "
        "of every area and that of backpropagation through the same network, thin for the lowest "
        "area.",
    )
    header = ["learner", "hidden", "factor", "epoch", "training / %", "validation / %", "test / %"]
    header += ["published / %"] if result["dataset"] == PUBLISHED_ON else []
    rows = [errors(row, result["dataset"] == PUBLISHED_ON) for row in result["rows"]]
    tried = [
        [row["label"], *(100 * one["validation"] for one in row["tried"])] for row in result["rows"]
    ]
    factors = [f"factor {one['factor']:g}" for one in result["rows"][0]["tried"]]
    caption = "Validation error in per cent after the short runs, from which the factor is taken."
    found = [
        Section("What learns", what),
        Section(
            "How far it gets",
            (),
            (picture,),
            (PageTable(header, rows), PageTable(["learner", *factors], tried, caption)),
        ),
    ]
    short = fell_short(result)
    return [*found, FellShort(text=short)] if short else found


def errors(row: dict[str, Any], published: bool) -> list[object]:
    """A row of the table."""
    chosen = row["history"][row["epoch"] - 1]
    found: list[object] = [
        row["label"],
        " ".join(map(str, row["hidden"])),
        row["factor"],
        row["epoch"],
        100 * chosen["train"],
        100 * row["validation"],
        100 * row["test"],
    ]
    return [*found, row["published"]] if published else found


def fell_short(result: Result) -> list[str]:
    """Errors above the published ones, factors at the edge, learners that stopped."""
    found = []
    for row in result["rows"]:
        if result["dataset"] == PUBLISHED_ON and 100 * row["test"] > row["published"]:
            found.append(
                f"{row['label']}: {100 * row['test']:.2f} % where {row['published']:.2f} % is "
                f"published; the training error is still {100 * row['history'][-1]['train']:.2f} %."
            )
        factors = [one["factor"] for one in row["tried"]]
        if len(factors) > 1 and row["factor"] in (min(factors), max(factors)):
            found.append(f"{row['label']}: the factor {row['factor']:g} is at the grid's edge.")
        if not row["history"][-1]["finite"]:
            found.append(f"{row['label']}: weights stopped being finite.")
    return found
