"""Figures and page of ``tuft remedies``, from its saved numbers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from experiments.lab.labelled import (
    POINT,
    best,
    cells,
    chosen,
    different,
    groups,
    known,
    labelled,
    plain,
    where,
)
from experiments.lab.storage import read_json
from experiments.remedies.plans import MAIN
from experiments.remedies.standing import sentences as standing_sentences
from experiments.report.figure_style import INK, THEORY, looks, new_figure, save_figure, style
from experiments.report.page import PageTable, Picture, Section, write_page


def labelled_points(rows: Sequence[Mapping[str, Any]]) -> xr.Dataset:
    """The rows by remedy, presentation time (NaN: the discrete reference) and depth."""
    return labelled(rows, ("remedy", "ratio", "depth"))


def by_depth(points: xr.Dataset) -> dict[int, xr.Dataset]:
    """The points of each number of hidden layers."""
    return dict(sorted(groups(points, "depth").items()))


def timed(points: xr.Dataset) -> xr.Dataset:
    """The points with a presentation time: all but the discrete reference's."""
    return known(points, "ratio")


def draw(folder: Path) -> Path:
    """The figures, and the page; returns the page."""
    result = read_json(folder / "result.json")
    points = labelled_points(result["rows"])
    config = {**read_json(folder / "config.json"), "plan_hash": result["plan_hash"]}
    found = by_depth(points)
    with style():
        pictures = against_depth(folder, points) if len(found) > 1 else against_time(folder, points)
    header = (
        "hidden layers", "remedy", "T/τ", "rate", "free numbers", "at the edge", "tried",
        "validation %", "test %", "s.d.", "seconds",
    )  # fmt: skip
    table = PageTable(header, _cells(points), _caption(config))
    section = Section("Remedies", (), pictures, (table,))
    leads = [f"{depth} hidden: {line}" for depth, part in found.items() for line in lead(part)]
    leads = leads if len(found) > 1 else lead(points)
    counts = standing_sentences(result)
    return write_page(folder, "Learning without phases", [*counts, *leads], [section])


def against_time(folder: Path, points: xr.Dataset) -> list[Picture]:
    """Heat map and lines over the presentation time, for one network."""
    figure = new_figure(6.2, 1.2 + 0.27 * len(different(timed(points).remedy)))
    heat_map(figure.subplots(), points, *reference(points))
    save_figure(figure, folder, "heat_map")
    figure = new_figure(5.6, 3.6)
    lines(figure.subplots(), points, reference(points)[0])
    save_figure(figure, folder, "accuracy")
    name = discrete(points).label.item()
    return [
        Picture("heat_map", f"Test accuracy in points beside {name}, best rate of each cell."),
        Picture("accuracy", f"Test accuracy; dotted: {name}. Bars: s.d. over seeds."),
    ]


def against_depth(folder: Path, points: xr.Dataset) -> list[Picture]:
    """A panel of accuracy against depth for each presentation time."""
    ratios = np.unique(timed(points).ratio)
    figure = new_figure(1.2 + 3.4 * len(ratios), 3.4)
    panels = figure.subplots(1, len(ratios), sharey=True, squeeze=False)[0]
    for axes, ratio in zip(panels, ratios, strict=True):
        depth_lines(axes, points, ratio)
    panels[0].set_ylabel("test accuracy (%)")
    panels[0].legend(fontsize=7)
    save_figure(figure, folder, "depth")
    name = discrete(points).label.item()
    caption = f"Test accuracy against depth; dotted: {name}. Bars: s.d. over seeds."
    return [Picture("depth", caption)]


def depth_lines(axes: Axes, points: xr.Dataset, ratio: float) -> Axes:
    """Accuracy against the number of hidden layers, a line for each remedy."""
    of = chosen(points, ratio=ratio)
    for name, look in looks(of.remedy.values).items():
        _bars(axes, "depth", chosen(of, remedy=name), look)
    beside = known(where(points, points.ratio.isnull()), "test")
    axes.plot(beside.depth, 100 * beside.test, **THEORY)
    axes.set_xticks(np.unique(points.depth))
    axes.set(xlabel="hidden layers", title=f"T = {ratio:g} τ")
    return axes


def _bars(axes: Axes, key: str, points: xr.Dataset, look: dict[str, Any]) -> None:
    """One remedy's accuracy against ``key``, with its deviation over seeds."""
    learned = known(points, "test")
    percent, deviation = 100 * learned.test, 100 * learned.test_sd.fillna(0)
    label = points.label.values[0]
    axes.errorbar(learned[key], percent, deviation, capsize=2, label=label, **look)


def _caption(config: dict[str, Any]) -> str:
    depths = ", ".join(map(str, config["depths"]))
    layers = f"{depths} of {config['hidden'][0]}" if depths else str(config["hidden"])
    return (
        f"{config['dataset']}, hidden layers: {layers}; {config['epochs']} epochs, batch "
        f"{config['batch']}, {config['seeds']} seeds. Rate and free numbers selected on "
        f"validation samples (plan {config['plan_hash']}); that setting alone tested, after the "
        "last epoch."
    )


def _cells(points: xr.Dataset) -> list[list[object]]:
    free = [_listed(f"{name} {value:g}" for name, value in of.items()) for of in points.free.values]
    percent = {name: 100 * points[name] for name in ("selected", "test", "test_sd")}
    edges = [_listed(names) for names in points.at_edge.values]
    shown = points.assign({**percent, "listed": (POINT, free), "edges": (POINT, edges)})
    place = ("depth", "label", "ratio", "eta", "listed", "edges", "tried")
    return cells(shown, *place, *percent, "seconds")


def _listed(words: Iterable[str]) -> str | None:
    return ", ".join(words) or None


def discrete(points: xr.Dataset) -> xr.Dataset:
    """The point of the discrete reference."""
    return where(points, points.ratio.isnull()).isel({POINT: 0})


def reference(points: xr.Dataset) -> tuple[float, str]:
    """The reference's test accuracy and its name; 1 and a name that says so where it diverged."""
    row = discrete(points)
    test, name = plain(row.test), row.label.item()
    return (1.0, f"100 % ({name} diverged)") if test is None else (test, name)


def lead(points: xr.Dataset) -> list[str]:
    """The result in a sentence for each presentation time."""
    base, name = reference(points)
    first = name[0].upper() + name[1:]
    sentences = [f"{first} reaches {100 * base:.1f} %." if base < 1 else f"Held against {name}."]
    for ratio in np.unique(timed(points).ratio):
        members = known(chosen(points, ratio=ratio), "test")
        if not members.sizes[POINT]:
            sentences.append(f"At T = {ratio:g} τ everything diverged.")
            continue
        top, none = best(members, "selected"), chosen(members, remedy="none")
        without = [f"; without remedy {100 * test:.1f} %" for test in none.test]
        sentences.append(
            f"At T = {ratio:g} τ the best remedy on validation samples, {top.label.item()}, "
            f"reaches {100 * top.test:.1f} %{''.join(without)}."
        )
    return sentences


def heat_map(axes: Axes, points: xr.Dataset, base: float, name: str) -> Axes:
    """Remedies by presentation times; number: points beside the reference, colour: below it."""
    measured = timed(points)
    ratios, names = np.unique(measured.ratio).tolist(), different(measured.remedy)
    labels = dict(zip(measured.remedy.values, measured.label.values, strict=True))
    short = np.full((len(names), len(ratios)), np.nan)  # NaN where nothing was measured
    places = zip(measured.remedy.values, measured.ratio.values, strict=True)
    for (remedy, ratio), test in zip(places, measured.test.values, strict=True):
        i, j = names.index(remedy), ratios.index(ratio)
        lost = np.isnan(test)
        short[i, j] = np.inf if lost else 100 * (base - test)
        text = "diverged" if lost else f"{-short[i, j]:+.1f}".replace("-", "−")
        shade = "white" if short[i, j] > 18 else INK
        axes.text(j, i, text, ha="center", va="center", color=shade, fontsize=8)
    shown = np.ma.masked_invalid(np.minimum(short, 100.0))
    axes.imshow(shown, cmap="YlOrRd", vmin=0, vmax=30, aspect="auto")
    axes.set_xticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios])
    axes.set_yticks(range(len(names)), [labels[name] for name in names])
    axes.set_xlabel("presentation T/τ")
    axes.set_title(f"test accuracy relative to {name} (points)")
    axes.grid(False)
    return axes


def lines(axes: Axes, points: xr.Dataset, base: float) -> Axes:
    """Accuracy against presentation time, a line for each main remedy, if any is among them."""
    names = different(timed(points).remedy)
    for name, look in looks([name for name in names if name in MAIN] or names).items():
        _bars(axes, "ratio", chosen(points, remedy=name), look)
    axes.axhline(100 * base, **THEORY)
    axes.set_xscale("log")
    ratios = np.unique(timed(points).ratio)
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.minorticks_off()
    axes.set_xlabel("presentation T/τ")
    axes.set_ylabel("test accuracy (%)")
    axes.legend()
    return axes
