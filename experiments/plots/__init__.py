"""Figures of runs, networks and neurons, for scripts and notebooks: one colour a compartment."""

from experiments.plots.circuits import plot_circuit
from experiments.plots.tools import plot_tool
from experiments.plots.traces import plot_traces
from experiments.plots.weights import plot_weights

__all__ = ["plot_circuit", "plot_tool", "plot_traces", "plot_weights"]
