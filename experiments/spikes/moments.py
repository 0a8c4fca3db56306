"""Chance of events, measured beside theory: in the number of cells, the window and the rate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from brian2 import Hz, ms

from compartments import constant_neuron
from compartments.neurons.multiplexing import multiplexing_output_neuron
from models import Network, Pathway, Population, Schedule, WeightBundle
from models.spiking_dll import SpikingDLLOptions, spiking_dll_network
from models.theory.events import (
    activity_deviation,
    burst_weight,
    error_deviation,
    filter_window,
    shared_share,
)
from rate_bridge import ode_engine

_UNIT = SpikingDLLOptions()
"""Whose p_0 and kappa are measured with."""


class Chance(NamedTuple):
    """One setting: standard deviations and means of both estimates, beside theory."""

    cells: int
    r_max_hz: float
    window_ms: float
    activity: float
    activity_theory: float
    error: float
    error_theory: float
    mean_activity: float
    mean_error: float
    filtered: float
    filtered_theory: float


@dataclass(frozen=True)
class Held:
    """Units whose dendrites are held: u and the error do not change.

    Parameters
    ----------
    u, error : float
        What they are held at.
    units : int
        How many, each a sample.
    dt_ms : float
        Time step.
    """

    u: float = 0.6
    error: float = 0.5
    units: int = 20_000
    dt_ms: float = 1.0

    @property
    def delta(self) -> float:
        """What the bursts in excess of chance should carry."""
        return self.u * (1 - self.u) * self.error

    def chance(self, cells: int, r_max_hz: float, window_ms: float, seed: int = 0) -> Chance:
        """Counts of events in a window, and what synapses see at its end, over all units."""
        neuron = multiplexing_output_neuron(
            "held",
            "logistic",
            tau_u=5 * ms,
            r_max=r_max_hz * Hz,
            cells=cells,
            p_0=_UNIT.p_0,
            kappa=_UNIT.kappa,
        )
        neuron = replace(neuron, initial={"u": self.u, "s": self.u, "d": self.delta})
        network = Network(
            (Population("one", 1, constant_neuron()), Population("held", self.units, neuron)),
            (Pathway("b", "one", "held", "drive", "u"),),
            WeightBundle({"b": np.full((self.units, 1), np.log(self.u / (1 - self.u)))}),
        )
        plan = Schedule({"target": np.array([[self.u + self.error]])}, presentation=window_ms * ms)
        run = ode_engine.simulate(
            network, plan, dt=self.dt_ms * ms, record=("single", "burst"), seed=seed
        )
        single, burst = (self._counts(run.events, name) for name in ("single", "burst"))
        share = cells * r_max_hz * window_ms * 1e-3
        p_0, kappa = _UNIT.p_0, _UNIT.kappa
        p, window_s = p_0 + kappa * self.error * (1 - self.u), window_ms * 1e-3
        activity, error = (
            (single + burst) / share,
            (burst - p_0 * (single + burst)) / (share * kappa),
        )
        filtered = filter_window(0.01, self.dt_ms * 1e-3)
        return Chance(
            cells,
            r_max_hz,
            window_ms,
            float(activity.std()),
            activity_deviation(self.u, cells, r_max_hz, window_s),
            float(error.std()),
            error_deviation(self.u, p, p_0, kappa, cells, r_max_hz, window_s),
            float(activity.mean()),
            float(error.mean()),
            float(run.end.neurons["held", "s"].std()),
            activity_deviation(self.u, cells, r_max_hz, filtered),
        )

    def _counts(self, events: Any, name: str) -> np.ndarray:
        unit, count = (events[f"{name}_held_{part}"].values for part in ("unit", "count"))
        return np.bincount(unit, count, minlength=self.units)


CHANCE_SWEEPS: dict[str, Sequence[float]] = {
    "cells": (1, 3, 10, 30, 100),
    "window_ms": (30.0, 100.0, 300.0, 1000.0),
    "r_max_hz": (20.0, 50.0, 100.0, 200.0),
}
"""What is varied, the others standing at 10 cells, 100 ms and 100 Hz."""


def sweeps(held: Held, seed: int = 0) -> dict[str, list[Chance]]:
    """Every sweep, a :class:`Chance` a setting."""
    middle: dict[str, Any] = {"cells": 10, "window_ms": 100.0, "r_max_hz": 100.0}
    return {
        name: [held.chance(**{**middle, name: value}, seed=seed + k) for k, value in enumerate(of)]
        for name, of in CHANCE_SWEEPS.items()
    }


def slope(rows: Sequence[Chance], name: str, of: str) -> float:
    """Of the logarithm of a deviation against that of what is varied; -1/2 in theory."""
    x = np.log([getattr(row, name) for row in rows])
    return float(np.polyfit(x, np.log([getattr(row, of) for row in rows]), 1)[0])


def prefactor(rows: Sequence[Chance], of: str) -> float:
    """The mean ratio of a deviation to that of theory."""
    return float(np.mean([getattr(row, of) / getattr(row, f"{of}_theory") for row in rows]))


class Decay(NamedTuple):
    """How fast Theta decays by chance alone, for each presentation and unit of learning rate."""

    measured: float
    theory: float


def theta_decay(presentations: int = 6, batch: int = 32, cells: int = 1, seed: int = 0) -> Decay:
    """Theta under the minus rule while no target is shown: there is no error, only its chance.

    At u = 1/2 everywhere (W and biases 0) d has the variance u p_0 (1 - p_0)/(kappa^2 N r_max 2
    tau_s), and Theta^T d arrives at the error behind tau_a and tau_x.
    """
    eta, dt_s, length_s = 0.2, 1e-3, 0.5
    options = SpikingDLLOptions(theta_rule="minus", eta_W=0.0, eta_theta=eta, cells=cells)
    network = spiking_dll_network((1, 60, 12), options, seed=seed)
    quiet = {n: w if n == "theta1" else np.zeros_like(w) for n, w in network.weights.items()}
    network = network.with_weights(WeightBundle(quiet))
    shown = Schedule(
        {"stimulus": np.zeros((presentations * batch, 1))}, presentation=length_s * 1e3 * ms
    )
    run = ode_engine.simulate(network, shown, batch=batch, seed=seed, dtype=torch.float32)
    before, after = quiet["theta1"], run.weights["theta1"]
    kept = (before * after).sum() / (before**2).sum()
    window = filter_window(float(options.tau_s), dt_s)
    variance = burst_weight(options.p_0, options.p_0, options.kappa)
    variance *= activity_deviation(0.5, cells, float(options.r_max), window) ** 2
    behind = shared_share(float(options.tau_s), (float(options.tau_a), float(options.tau_x)), dt_s)
    return Decay(-float(np.log(kept)) / (presentations * eta), variance * behind)
