"""Figures, sentences and page of ``tuft regression``, from its saved numbers."""

from pathlib import Path
from typing import Any

import numpy as np

from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import SERIES, new_figure, save_figure, style
from experiments.report.page import FellShort, PageTable, Picture, Section, write_page

PUBLISHED_ANGLE = 45.0
"""Degrees, of the hidden area's updates late in learning (Sacramento et al. 2018)."""

SHALLOW = ("shallow", "frozen")


def draw(folder: Path) -> Path:
    """Figures and page; returns the page."""
    result = read_json(folder / "result.json")
    with style():
        figure = new_figure(7.6, 3.2)
        left, right = figure.subplots(1, 2)
        for one, colour in zip(result["rows"], SERIES, strict=False):
            values = np.array(one["validation"], float)
            left.plot(one["steps"], np.median(values, axis=1), color=colour, label=one["label"])
            band = {"color": colour, "alpha": 0.15, "lw": 0}
            left.fill_between(one["steps"], values.min(1), values.max(1), **band)
            if one["learner"] == "microcircuit":
                angles = np.array(one["angle"])
                right.plot(one["steps"], np.median(angles, axis=1), color=colour)
                right.fill_between(one["steps"], angles.min(1), angles.max(1), **band)
        left.set(yscale="log", xlabel="steps", ylabel="error / variance")
        left.set_title("validation error")
        left.legend(fontsize=7)
        right.axhline(PUBLISHED_ANGLE, color="0.5", lw=0.8, ls=":")
        right.set(xlabel="steps", ylabel="degrees", ylim=(0, 95))
        right.set_title("microcircuit's angle to backpropagation")
        save_figure(figure, folder, "regression")
    title = "Learning what another network computes"
    return write_page(folder, title, sentences(result), sections(result))


def sentences(result: Result) -> list[str]:
    """Test errors, how many times below the shallow learners' the microcircuit's is, angle."""
    found = [f"{one['label']}: test error {spread(one)} of the variance." for one in result["rows"]]
    rows = {one["learner"]: one for one in result["rows"]}
    if "microcircuit" not in rows:
        return found
    ours = rows["microcircuit"]
    found += [
        f"The microcircuit's error is 1/{factor:.3g} of that of the learner with "
        f"{rows[name]['label']}."
        for name, factor in factors(result).items()
    ]
    late = np.array(ours["angle"][-1])
    found.append(
        f"Its lower weights are changed at {np.median(late):.0f} degrees to backpropagation at the "
        f"end ({late.min():.0f} to {late.max():.0f}; published: about {PUBLISHED_ANGLE:.0f})."
    )
    if "continuous" in result:
        exact = result["continuous"]["differences"]["rest"]
        found.append(
            f"In continuous time {result['continuous']['presentations']} stimuli change weights as "
            f"at rest within {100 * max(d['relative'] for d in exact.values()):.2g} %."
        )
    return found


def factors(result: Result) -> dict[str, float]:
    """How many times above the microcircuit's error those of shallow learners are."""
    rows = {one["learner"]: float(np.mean(one["test"])) for one in result["rows"]}
    return {name: rows[name] / rows["microcircuit"] for name in SHALLOW if name in rows}


def spread(one: dict[str, Any]) -> str:
    """Mean and standard deviation over seeds."""
    return (
        f"{np.mean(one['test']):.3g} ± {np.std(one['test'], ddof=min(1, len(one['test']) - 1)):.2g}"
    )


def sections(result: Result) -> list[Section]:
    """The task, who learns, how far they get."""
    task = [
        "A teacher is a network of random weights: `r = φ(k₂₁ W₂₁ φ(k₁₀ W₁₀ r₀))`, weights and "
        "stimuli r₀ uniform within ±1, k₁₀ = 2, k₂₁ = 10, and φ the soft rectifier "
        "`0.1 log(1 + exp(u − 3))`. Its output potentials nudge the output of the learner, which "
        "has other weights and another hidden area.",
        "In the microcircuit what interneurons do not cancel of what comes from above is the error "
        "of its hidden area; weights from above are random and stay. Lower weights frozen: the "
        "same, but only its output learns, from random features. No hidden area: the output hears "
        "the stimulus. Backpropagation: the same neurons and conductances, the error brought down "
        "by the transposed weights up.",
        "Error is the mean square difference to the teacher's rates over their variance; 1 is that "
        "of a learner that says their mean. Rates of learning are selected for each learner on a "
        "grid (table) by the validation error at the end, and fall to 0 as half a cosine. Steps "
        "are taken at rest, found in one pass, on the mean of a few stimuli.",
    ]
    picture = Picture(
        "regression",
        "Left: validation error, medians over seeds, bands from the least to the largest. Right: "
        "angle between the mean change of the microcircuit's lower weights and that of "
        "backpropagation through the same network; dotted: published.",
    )
    rows = [
        [
            one["label"],
            one["rates"][0] or None,
            one["rates"][1],
            spread(one),
            one["validation"][0][0],
        ]
        for one in result["rows"]
    ]
    header = ["learner", "rate, lower", "rate, upper", "test error", "at first"]
    tables = [PageTable(header, rows)]
    tables += [
        PageTable(
            ["rate, lower", "rate, upper", "validation error"],
            [[lower or None, upper, error] for lower, upper, error in one["tried"]],
            f"{one['label']}: what was tried; a dash is a learner that diverged.",
        )
        for one in result["rows"]
    ]
    found = [
        Section("The task, and who learns it", task),
        Section("How far they get", (), (picture,), tables[:1]),
        Section("Selection", (), (), tables[1:]),
    ]
    if "continuous" in result:
        found.append(in_time(result))
    short = fell_short(result)
    return [*found, FellShort(text=short)] if short else found


def in_time(result: Result) -> Section:
    """Continuous time beside both forms of the rest."""
    text = [
        f"The same {result['continuous']['presentations']} stimuli, shown in continuous time to "
        "the learned weights, plasticity waiting for the first third of each presentation, at "
        "rates so small that weights hardly move: how far the summed change is from that at rest, "
        "exact and found in one pass."
    ]
    rows = [
        [label, name, 100 * found["relative"], found["degrees"]]
        for label, each in result["continuous"]["differences"].items()
        for name, found in each.items()
    ]
    return Section(
        "In continuous time",
        text,
        (),
        (PageTable(["beside", "weights", "difference / %", "angle / degrees"], rows),),
    )


def fell_short(result: Result) -> list[str]:
    """Rates at the grid's edge; a microcircuit that is no better than a shallow learner."""
    found = [
        f"The microcircuit is not better than the learner with {name}: 1/{factor:.3g}."
        for name, factor in (factors(result) if has_circuit(result) else {}).items()
        if factor <= 1
    ]
    for one in result["rows"]:
        for k, which in enumerate(("lower", "upper")):
            values = sorted({tried[k] for tried in one["tried"]})
            if len(values) > 1 and one["rates"][k] in (values[0], values[-1]):
                found.append(
                    f"{one['label']}: the {which} rate {one['rates'][k]:g} is at the grid's edge."
                )
    return found


def has_circuit(result: Result) -> bool:
    """Whether the microcircuit was among the learners."""
    return any(one["learner"] == "microcircuit" for one in result["rows"])
