"""The page of ``tuft traces``, drawn from its saved files."""

from pathlib import Path
from typing import Any

from compartments import load_traces
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import label_layer, save_figure
from experiments.report.page import PageTable, Picture, Section, shown, write_page
from experiments.traces.figures import settling_figure, traces_figure, words
from experiments.traces.one_neuron import draw_one_neuron

WORDS = {"u": "prediction u", "a": "feedback a", "x": "soma x", "error": "error x − u"}
"""What tables call the variables of neurons that predict; those of others by their names."""


def _words(result: Result) -> dict[str, str]:
    """What tables call the variables."""
    return WORDS if set(result["variables"]) <= set(WORDS) else words(result)


def draw(folder: Path) -> Path:
    """Draw the figures and the page from the saved files; returns the page."""
    result, traces = read_json(folder / "result.json"), load_traces(folder / "traces.nc")
    save_figure(traces_figure(traces, result), folder, "traces")
    if result["without_rest"] is None:
        save_figure(settling_figure(traces, result), folder, "settling")
    if "one_neuron_distance" in result:
        save_figure(draw_one_neuron(folder), folder, "one_neuron")
    return write_page(folder, "What every compartment does", sentences(result), sections(result))


def sentences(result: Result) -> list[str]:
    """The result, in a few lines."""
    known = result["longest_step_ms"] is not None
    return [*_of_rest(result), *([] if known else ["No bound on the time step is known."])]


def _of_rest(result: Result) -> list[str]:
    """What the traces are held against, and how far they are from it."""
    if result["without_rest"] is not None:
        return [f"There is no equilibrium to hold the traces against: {result['without_rest']}"]
    length, farthest = result["presentation_ms"], max(result["largest_distance_at_end"])
    stages = [entry["stages_ms"] for _, _, entry in _settling(result) if entry["stages_ms"]]
    taus = f" ({length / max(map(max, stages)):g} time constants)" if stages else ""
    lines = [
        f"{length:g} ms{taus} after each switch, no compartment of any neuron is further than "
        f"{shown(farthest)} from {result['reference']}."
    ]
    if any(entry["measured_ms"] is None for _, _, entry in _settling(result)):
        lines.append("Within one presentation not every layer settles to 1 %: show it for longer.")
        return lines
    layer, variable, entry = max(_settling(result), key=lambda item: item[2]["measured_ms"])
    last = (
        f"The last to settle to 1 % is the {_words(result).get(variable, variable)} of "
        f"{label_layer(layer)}, after {entry['measured_ms']:.0f} ms"
    )
    if entry["stages_ms"]:
        last += (
            f"; a linear chain of as many stages ({len(entry['stages_ms'])}) would take "
            f"{entry['chain_ms']:.0f} ms"
        )
    return [*lines, f"{last}."]


def _settling(result: Result) -> list[tuple[str, str, dict[str, Any]]]:
    """Every (layer, variable, entry); only those with stages, where any have them."""
    found = [
        (layer, variable, entry)
        for layer, variables in result["settling_to_1_percent"].items()
        for variable, entry in variables.items()
    ]
    return [item for item in found if item[2]["stages_ms"]] or found


def sections(result: Result) -> list[Section]:
    """Traces, settling, one neuron alone."""
    found = [_shown_section(result)]
    if result["without_rest"] is None:
        found.append(_settling_section(result))
    if "one_neuron_distance" in result:
        found.append(_one_neuron_section(result))
    return found


PREDICTIVE_TEXT = (
    "Each neuron has a basal dendrite u that predicts from below, an apical dendrite a that "
    "receives the error from above, and a soma x that relaxes to u + a; its error x − u is local."
)
PREDICTIVE_CAPTION = (
    " Right after the switch the error carries pulses that are none of the reference's: the target "
    "is new while the prediction is old, and the soma lags the basal dendrite."
)


APICAL_TEXT = (
    " Without a target interneurons cancel in the apical dendrite what comes from above, and v_A "
    "is silent; with one, what they could not foresee is left, and moves the soma off its "
    "dendrite's prediction."
)


def _shown_section(result: Result) -> Section:
    predictive = set(result["variables"]) <= set(WORDS)
    names = ", ".join(result["variables"])
    text = PREDICTIVE_TEXT if predictive else f"Recorded of the model {result['model']}: {names}."
    if "v_A" in result["variables"]:
        text += APICAL_TEXT
    order = "; then ".join(result["presented"])
    caption = f"Shown: {result['stimuli']}; in order: {order}. Shaded: times with a target. "
    caption += "Coloured: the compartments of the neurons that the switch moves most."
    if result["without_rest"] is None:
        caption += f" Dotted: the equilibrium that {result['reference']} gives."
        caption += PREDICTIVE_CAPTION if predictive else ""
    return Section("What is shown, and what the neurons do", (text,), (Picture("traces", caption),))


def _settling_section(result: Result) -> Section:
    text = (
        "The further a signal has come, the later it settles. Predictions climb through one basal "
        "dendrite a layer; errors climb to the output first and come down through an apical "
        "dendrite and a soma a layer."
    )
    caption = (
        "Largest distance of any neuron of a layer to its equilibrium after the last switch, "
        "relative to that at the switch. Plateaus at the bottom are the precision of double "
        "arithmetic."
    )
    with_stages = any(entry["stages_ms"] for _, _, entry in _settling(result))
    if with_stages:
        caption += " Dotted: a chain of as many linear stages."
    return Section(
        "How long it takes",
        (text,) if with_stages else (),
        (Picture("settling", caption),),
        (_settling_table(result), _distance_table(result)),
    )


def _one_neuron_section(result: Result) -> Section:
    caption = (
        "A current pulse into the basal dendrite moves u, and x after it: a prediction. One into "
        "the apical dendrite moves a and x but not u: an error. Largest distance to the closed "
        f"form (dotted): {shown(result['one_neuron_distance'])}, the error of Euler steps of "
        "0.1 ms."
    )
    return Section("One neuron alone", pictures=(Picture("one_neuron", caption),))


def _settling_table(result: Result) -> PageTable:
    rows = [
        [
            label_layer(layer),
            _words(result).get(variable, variable),
            len(entry["stages_ms"]) if entry["stages_ms"] else None,
            "not settled" if entry["measured_ms"] is None else entry["measured_ms"],
            entry.get("chain_ms"),
        ]
        for layer, variable, entry in _settling(result)
    ]
    header = ["layer", "variable", "stages", "settled to 1 % (ms)", "linear chain (ms)"]
    return PageTable(header, rows, "Time from the last switch until 1 % of the distance is left.")


def _distance_table(result: Result) -> PageTable:
    header = ["layer", "variable", *result["presented"]]
    rows = [
        [label_layer(layer), _words(result).get(variable, variable), *values]
        for layer, variables in result["distance_at_end"].items()
        for variable, values in variables.items()
    ]
    caption = f"Largest distance to {result['reference']} at the end of each presentation."
    return PageTable(header, rows, caption)
