"""The page of ``tuft traces``, drawn from its saved files."""

from pathlib import Path
from typing import Any

from compartments import load_traces
from experiments.lab.runner import Result
from experiments.lab.storage import read_json
from experiments.report.figure_style import label_layer, save_figure
from experiments.report.page import PageTable, Picture, Section, shown, write_page
from experiments.traces.figures import settling_figure, traces_figure
from experiments.traces.one_neuron import draw_one_neuron

WORDS = {"u": "prediction u", "a": "feedback a", "x": "soma x", "error": "error x − u"}
"""What tables call the variables."""


def draw(folder: Path) -> Path:
    """Draw the three figures and the page from the saved files; returns the page."""
    result, traces = read_json(folder / "result.json"), load_traces(folder / "traces.nc")
    save_figure(traces_figure(traces, result), folder, "traces")
    save_figure(settling_figure(traces, result), folder, "settling")
    save_figure(draw_one_neuron(folder), folder, "one_neuron")
    return write_page(folder, "What every compartment does", sentences(result), sections(result))


def sentences(result: Result) -> list[str]:
    """The result, in a few lines."""
    slowest = _slowest(result)
    tau = max(max(entry["stages_ms"]) for _, _, entry in _settling(result))
    length = result["presentation_ms"]
    lines = [
        f"{length:g} ms ({length / tau:g} time constants) after each switch, no compartment of any "
        f"neuron is further than {shown(max(result['largest_distance_at_end']))} from Algorithm 1."
    ]
    if slowest is None:
        lines.append("Within one presentation not every layer settles to 1 %: show it for longer.")
    else:
        layer, variable, entry = slowest
        lines.append(
            f"The last to settle to 1 % is the {WORDS[variable]} of {label_layer(layer)}, after "
            f"{entry['measured_ms']:.0f} ms; a linear chain of as many stages "
            f"({len(entry['stages_ms'])}) would take {entry['chain_ms']:.0f} ms."
        )
    return lines


def _settling(result: Result) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (layer, variable, entry)
        for layer, variables in result["settling_to_1_percent"].items()
        for variable, entry in variables.items()
    ]


def _slowest(result: Result) -> tuple[str, str, dict[str, Any]] | None:
    """Where settling takes longest; None if somewhere it does not come to its end."""
    entries = _settling(result)
    if any(entry["measured_ms"] is None for _, _, entry in entries):
        return None
    return max(entries, key=lambda item: item[2]["measured_ms"])


def sections(result: Result) -> list[Section]:
    """Traces, settling, one neuron alone."""
    first, second = result["digits"]
    return [
        Section(
            "One digit, its target, another digit",
            (
                "Each neuron has a basal dendrite u that predicts from below, an apical dendrite a "
                "that receives the error from above, and a soma x that relaxes to u + a; its error "
                "x − u is local. First nothing but the digit is shown, then its target too, then "
                "another digit with its target.",
            ),
            (
                Picture(
                    "traces",
                    f"A {first} without and with its target (shaded), then a {second} with its "
                    "target. Coloured: the compartments of the neurons that the switch moves most. "
                    "Dotted: the equilibrium that Algorithm 1 gives. Right after the switch the "
                    "error carries pulses that are none of Algorithm 1's: the target is new while "
                    "the prediction is old, and the soma lags the basal dendrite.",
                ),
            ),
        ),
        Section(
            "How long it takes",
            (
                "Predictions climb through one basal dendrite a layer; errors climb to the output "
                "first and come down through an apical dendrite and a soma a layer. The further a "
                "signal has come, the later it settles.",
            ),
            (
                Picture(
                    "settling",
                    "Largest distance of any neuron of a layer to its equilibrium after the last "
                    "switch, relative to that at the switch. Dotted: a chain of as many linear "
                    "stages. Plateaus at the bottom are the precision of double arithmetic.",
                ),
            ),
            (_settling_table(result), _distance_table(result)),
        ),
        Section(
            "One neuron alone",
            pictures=(
                Picture(
                    "one_neuron",
                    "A current pulse into the basal dendrite moves u, and x after it: a "
                    "prediction. One into the apical dendrite moves a and x but not u: an error. "
                    "Largest distance to the closed form (dotted): "
                    f"{shown(result['one_neuron_distance'])}, the error of Euler steps of 0.1 ms.",
                ),
            ),
        ),
    ]


def _settling_table(result: Result) -> PageTable:
    rows = [
        [
            label_layer(layer),
            WORDS[variable],
            len(entry["stages_ms"]),
            "not settled" if entry["measured_ms"] is None else entry["measured_ms"],
            entry["chain_ms"],
        ]
        for layer, variable, entry in _settling(result)
    ]
    header = ["layer", "variable", "stages", "settled to 1 % (ms)", "linear chain (ms)"]
    return PageTable(header, rows, "Time from the last switch until 1 % of the distance is left.")


def _distance_table(result: Result) -> PageTable:
    first, second = result["digits"]
    header = ["layer", "variable", f"{first}, no target", f"{first}, target", f"{second}, target"]
    rows = [
        [label_layer(layer), WORDS[variable], *values]
        for layer, variables in result["distance_at_end"].items()
        for variable, values in variables.items()
    ]
    return PageTable(
        header, rows, "Largest distance to Algorithm 1 at the end of each presentation."
    )
