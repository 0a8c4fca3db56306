"""One neuron alone: a current pulse into its basal dendrite, then one into its apical dendrite."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from brian2 import ms
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compartments import Activation, hidden_neuron, load_traces, pulse, responses, save_traces
from experiments.report.figure_style import (
    COLOURS,
    COMPARTMENT_LABELS,
    FAINT,
    THEORY,
    new_figure,
    style,
)
from models import DLLOptions
from models.theory import chain_response

BASAL_MS, APICAL_MS, END_MS = (20.0, 140.0), (220.0, 340.0), 440.0
"""When the pulses begin and end, and how long all of it takes."""

DRIVE, FEEDBACK = 1.0, 0.4
"""Heights of the pulses."""

DT_MS = 0.1


def measure_one_neuron(folder: Path, f: str | Activation, options: DLLOptions) -> float:
    """Run one hidden neuron, write ``one_neuron.nc`` with its closed form.

    Returns
    -------
    float
        Largest distance between any trace and its closed form.
    """
    taus = {name: getattr(options, name) for name in ("tau_u", "tau_a", "tau_x")}
    cell = hidden_neuron("cell", f, **taus)
    traces = responses(
        cell,
        END_MS * ms,
        dt=DT_MS * ms,
        record=("u", "a", "x", "prediction"),
        drive=pulse(DRIVE, *(edge * ms for edge in BASAL_MS)),
        feedback=pulse(FEEDBACK, *(edge * ms for edge in APICAL_MS)),
    )
    before, during = (
        traces["prediction_cell"].sel(time=[0.0, BASAL_MS[0] + 10], method="nearest").values[:, 0]
    )
    closed = closed_form(traces["time"].values, (before, during), cell.time_constants_ms)
    for name, values in closed.items():
        traces[f"theory_{name}"] = ("time", values, {"units": "1"})
    save_traces(traces, folder / "one_neuron.nc")
    return max(float(np.abs(traces[f"{n}_cell"].values[:, 0] - v).max()) for n, v in closed.items())


def closed_form(
    time_ms: Float[np.ndarray, "time"], levels: tuple[float, float], tau: dict[str, float]
) -> dict[str, Float[np.ndarray, "time"]]:
    """u, a and x of a neuron that starts at 0 and receives the two pulses."""

    def stepped(chain: Sequence[float], edges: Sequence[tuple[float, float]]) -> np.ndarray:
        return sum(  # type: ignore[return-value]
            height * chain_response(chain, time_ms - at) for at, height in edges
        )

    low, high = levels  # f(0) and f(drive)
    basal = [(0.0, low), (BASAL_MS[0], high - low), (BASAL_MS[1], low - high)]
    apical = [(APICAL_MS[0], FEEDBACK), (APICAL_MS[1], -FEEDBACK)]
    u, a, x = tau["tau_u"], tau["tau_a"], tau["tau_x"]
    return {
        "u": stepped([u], basal),
        "a": stepped([a], apical),
        "x": stepped([u, x], basal) + stepped([a, x], apical),
    }


def draw_one_neuron(folder: Path) -> Figure:
    """The traces with the closed form dotted over them, and the pulses above."""
    traces = load_traces(folder / "one_neuron.nc")
    figure = new_figure(7.2, 3.6)
    with style():
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 4])
        _draw_pulses(above)
        time_ms = traces["time"].values
        for name in ("u", "a", "x"):
            below.plot(
                time_ms, traces[f"{name}_cell"], color=COLOURS[name], label=COMPARTMENT_LABELS[name]
            )
        for name in ("u", "a", "x"):
            label = "closed form" if name == "x" else None
            below.plot(time_ms, traces[f"theory_{name}"], **THEORY, label=label)
        below.set(xlabel="time (ms)", ylabel="activity", xlim=(0, END_MS))
        below.legend(loc="upper right", ncols=2)
    return figure


def _draw_pulses(axes: Axes) -> None:
    for edges, name, words in (
        (BASAL_MS, "u", f"{DRIVE:g} into the basal dendrite"),
        (APICAL_MS, "a", f"{FEEDBACK:g} into the apical dendrite"),
    ):
        axes.axvspan(*edges, color=COLOURS[name], alpha=0.75, linewidth=0)
        axes.text(sum(edges) / 2, 0.5, words, color="white", ha="center", va="center", fontsize=8)
    axes.set(ylim=(0, 1), yticks=[])
    axes.tick_params(bottom=False)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=FAINT)
