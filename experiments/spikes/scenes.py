"""Small scenes of neurons that fire: single cells, and a network while digits are shown."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms

from compartments.event_measures import bursts
from compartments.event_records import Moments, moments_of
from compartments.neurons.calcium_spike import calcium_spike_neuron
from compartments.neurons.integrate_and_fire import integrate_and_fire_neuron
from compartments.recording import save_traces
from experiments.spikes.learning import scaled
from models import Network, Population, Run, Schedule, WeightBundle
from models.spiking_dll import SpikingDLLOptions, spiking_dll_network
from rate_bridge import ode_engine
from rate_bridge.references.registry import reference

FAST = {"tau_u": 0.5 * ms, "tau_a": 0.5 * ms}


def _run(neuron: Any, drive: np.ndarray, feedback: np.ndarray, length: float, dt: float) -> Run:
    signals = {"drive": "drive", "feedback": "feedback"}
    network = Network((Population("cells", len(drive), neuron, signals),), (), WeightBundle({}))
    given = {"drive": drive[None], "feedback": feedback[None]}
    plan = Schedule(given, presentation=length * ms)
    return ode_engine.simulate(network, plan, dt=dt * ms, record=("spike",))


def rates_against_theory() -> list[dict[str, float]]:
    """Integrate-and-fire cells at constant drive: rates, and 1/(t_ref + tau ln(I/(I - 1)))."""
    drive = np.array([0.9, 1.02, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0, 2.5, 3.0, 4.0])
    neuron = integrate_and_fire_neuron("cell", "linear", **FAST)
    found = moments_of(_run(neuron, drive, 0 * drive, 500.0, 0.1).events, "spike", "cells")
    rows = []
    for k, current in enumerate(drive):
        times = found.time_ms[found.unit == k]
        rate = 1e3 / np.diff(times)[1:].mean() if len(times) > 3 else 0.0
        theory = 1e3 / (2 + 10 * np.log(current / (current - 1))) if current > 1 else 0.0
        rows.append({"drive": float(current), "rate_hz": float(rate), "theory_hz": float(theory)})
    return rows


def bursts_against_apical_input(cells: int = 60) -> list[dict[str, float]]:
    """Cells with a calcium spike, basal input held: events a second, and which share are bursts."""
    apical = np.linspace(0, 0.8, 9)
    neuron = calcium_spike_neuron("cell", "linear", tau_u=5 * ms, tau_a=5 * ms)
    feedback = np.repeat(apical, cells)
    run = _run(neuron, np.full(len(feedback), 0.75), feedback, 1500.0, 0.5)
    found = moments_of(run.events, "spike", "cells")
    rows = []
    for k, value in enumerate(apical):
        chosen = found.unit // cells == k
        told = bursts(Moments(found.time_ms[chosen], found.unit[chosen], found.count[chosen]))
        rate = (told.singles + told.bursts) / cells / 1.5
        rows.append({"apical": float(value), "events_hz": rate, "burst_share": told.share})
    return rows


SHOWN_MS = 200.0
"""How long each digit of :func:`digits_shown` is shown."""


def digits_shown(seed: int = 0, digits: int = 3, cells: int = 10) -> tuple[Run, xr.Dataset]:
    """A 64-16-10 network while digits and their classes are shown; and Algorithm 1's rest."""
    data = scaled("digits")
    network = spiking_dll_network(
        (64, 16, 10), SpikingDLLOptions(cells=cells, eta_W=0.0), seed=seed
    )
    given = {
        "stimulus": data.train.inputs[:digits],
        "target": data.targets(data.train.labels[:digits]),
    }
    plan = Schedule(given, presentation=SHOWN_MS * ms)
    run = ode_engine.simulate(
        network, plan, record=("s", "d", "single", "burst", "spike"), seed=seed
    )
    rest = reference(network).equilibrium(given)
    values = {
        f"{name}_{layer}": (("presentation", f"unit_{layer}"), np.asarray(rest[key, layer]))
        for layer in network.layers[1:]
        for name, key in (("s", "u"), ("d", "delta"))
    }
    return run, xr.Dataset(values)


def save_scene(folder: Path, seed: int = 0) -> dict[str, int]:
    """:func:`digits_shown` into files of a folder; how many events there were."""
    run, rest = digits_shown(seed)
    for name, dataset in (("events", run.events), ("traces", run.traces), ("rest", rest)):
        save_traces(dataset, folder / f"{name}.nc")
    return {"events": sum(run.events.sizes.values())}


def clipped_share(seed: int = 0) -> dict[str, float]:
    """How often a burst's probability had to be clipped while digits are shown: count and share."""
    data = scaled("digits")
    network = spiking_dll_network((64, 16, 10), SpikingDLLOptions(eta_W=0.0), seed=seed)
    given = {"stimulus": data.train.inputs[:5], "target": data.targets(data.train.labels[:5])}
    plan = Schedule(given, presentation=SHOWN_MS * ms)
    traces = ode_engine.simulate(network, plan, record=("clipped",), seed=seed).traces
    count = sum(float(trace.sum()) for trace in traces.data_vars.values())
    return {"count": count, "share": count / sum(t.size for t in traces.data_vars.values())}
