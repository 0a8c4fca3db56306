"""What both engines are to run alike: a network, its schedule, and how it is run."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from brian2 import Hz, Quantity, ms, mV, nA, nS, pF

from compartments import Compartment, Neuron, PlasticityRule
from compartments.time_step import METHODS
from experiments.lab.random_signals import random_numbers, random_schedule
from models import Eligibility, Network, Pathway, Population, Schedule, WeightBundle, dll_network
from models.microcircuit import microcircuit_network
from models.wiring import no_autapses, one_to_one, random_mask


class Extent(NamedTuple):
    """How much is run: layers, stimuli, steps of 1 ms for each, the seed."""

    sizes: tuple[int, ...]
    presentations: int
    steps: int
    seed: int


class Case(NamedTuple):
    """A network, what it is shown, and further arguments of :func:`models.simulate`."""

    network: Network
    schedule: Schedule
    settings: dict[str, Any]


MATCHED: dict[str, Any] = {"matched_soma": True, "filtered_target": True}

OPTIONS: dict[str, dict[str, Any]] = {
    "paper": {},
    "theta plus": {"theta_rule": "plus"},
    "theta fixed": {"theta_rule": "fixed"},
    "theta kp": {"theta_rule": "kp", "eta_W": 0.1, "eta_theta": 0.1, "decay": 0.5},
    "nudged": {"beta": 0.5},
    "bias, logistic": {"bias": True, "activation": "logistic"},
    "softplus, logistic": {"activation": "softplus", "output_activation": "logistic"},
    "linear": {"activation": "linear"},
    "matched": {"matched_soma": True},
    "matched, nudged": {"matched_soma": True, "beta": 2.0},
    "filtered": {"filtered_target": True},
    "matched, filtered": MATCHED,
    "filtered, nudged, bias": {"filtered_target": True, "beta": 0.5, "bias": True},
    "low-pass": {"tau_w": 40 * ms},
    "low-pass, kp": {"tau_w": 40 * ms, "theta_rule": "kp"},
    "look-ahead": {"neuron": "look-ahead", "constants": {"tau_d": 2 * ms}},
    "eligibility": {**MATCHED, "eligibility": Eligibility()},
    "eligibility, kp": {**MATCHED, "eligibility": Eligibility(60 * ms), "theta_rule": "kp"},
    "eligibility, bias": {"eligibility": Eligibility(60 * ms, extra_stages=-1), "bias": True},
    "eligibility, mean": {
        **MATCHED,
        "eligibility": Eligibility(60 * ms, mean_corrected=True, late_gain=True, scale=1.3),
        "tau_w": 40 * ms,
    },
}
"""Descriptions that the package offers; each option at least once."""


def dll_case(name: str, extent: Extent) -> Case:
    """The DLL network of one of the :data:`OPTIONS`; a quarter of each presentation is lag."""
    generator = np.random.default_rng(extent.seed)
    schedule = Schedule(
        {
            "stimulus": generator.normal(0, 0.3, (extent.presentations, extent.sizes[0])),
            "target": generator.normal(0, 0.5, (extent.presentations, extent.sizes[-1])),
        },
        presentation=extent.steps * ms,
        lag=extent.steps // 4 * ms,
    )
    return Case(dll_network(extent.sizes, seed=extent.seed, **OPTIONS[name]), schedule, {})


def signals(extent: Extent) -> Case:
    """Waveforms, unequal presentations, signals by other names, a reward, and no target."""
    n_in, *_, n_out = extent.sizes
    cell = Neuron(
        "cell",
        (Compartment("soma", "dv/dt = (drive + current - v)/tau : 1\ndrive : 1\ncurrent : 1"),),
        {"tau": 20 * ms},
    )
    source = Neuron("source", (Compartment("axon", "u = shown : 1 (constant over dt)\nshown : 1"),))
    rule = PlasticityRule(
        "rewarded", "dw/dt = learning*eta*reward*v_post*u_pre : 1", {"eta": 0.1}, ("reward",)
    )
    populations = (
        Population("eyes", n_in, source, {"shown": "image"}),
        Population("cells", n_out, cell, {"current": "pulse"}),
    )
    generator = np.random.default_rng(extent.seed)
    weights = WeightBundle({"W": generator.normal(0, n_in**-0.5, (n_out, n_in))})
    network = Network(populations, (Pathway("W", "eyes", "cells", "drive", "u", rule),), weights)

    def pulse(t: Quantity) -> np.ndarray:
        return np.sin(2 * np.pi * 11 * Hz * t) * (t < extent.steps // 2 * ms)

    count = extent.presentations
    lengths = extent.steps + np.arange(count) % 3 - 1
    shown = {
        "image": [generator.normal(0, 0.5, (length, n_in)) for length in lengths],
        "pulse": pulse,
        "reward": generator.normal(0, 1, (count, 1)),
    }
    schedule = Schedule(
        shown,
        presentation=lengths * ms,
        lag=extent.steps // 4 * ms,
        blank=np.arange(count) % 2 * 5 * ms,
        shown={"reward": np.arange(count) % 4 != 3},
    )
    return Case(network, schedule, {})


COUPLED = """
dvd/dt = (gl*(rest - vd) + gc*(v - vd) + current)/cd : volt
current = unit*(drive + stimulated) : amp
drive : 1
stimulated : 1
"""
LEAKY = """
dv/dt = (gl*(rest - v) + gc*(vd - v))/cs : volt
r = (v - rest)/scale : 1 (constant over dt)
"""


def units(extent: Extent) -> Case:
    """Two compartments in mV, nS and pF coupled by a conductance; each neuron its own constants."""
    n = extent.sizes[-1]
    generator = np.random.default_rng(extent.seed)
    constants = {
        "gl": generator.uniform(8, 12, n) * nS,
        "gc": 5 * nS,
        "cd": generator.uniform(100, 200, n) * pF,
        "cs": 200 * pF,
        "rest": -70 * mV,
        "unit": 0.1 * nA,
        "scale": 20 * mV,
    }
    parts = (Compartment("dendrite", COUPLED, {"vd": -65 * mV}), Compartment("soma", LEAKY))
    cell = Neuron("cell", parts, constants, {"v": generator.uniform(-72, -60, n) * mV})
    rule = PlasticityRule("hebb", "dw/dt = learning*eta*(r_post - w)*r_pre : 1", {"eta": 0.02})
    network = Network(
        (Population("cells", n, cell, {"stimulated": "stimulus"}),),
        (Pathway("W", "cells", "cells", "drive", "r", rule),),
        WeightBundle({"W": generator.normal(0, 0.1, (n, n))}),
    )
    stimuli = generator.normal(0, 1, (extent.presentations, n))
    schedule = Schedule({"stimulus": stimuli}, presentation=extent.steps * ms)
    return Case(network, schedule, {})


SENDER = """
dv/dt = (tanh(drive + stimulated) - v)/tau : 1
drive : 1
stimulated : 1
loud = 2*v : 1 (constant over dt)
"""


def wiring(extent: Extent) -> Case:
    """Random, one-to-one and autapse-free masks; delays, also within a loop; bounds that bite."""
    n = max(extent.sizes[-1], 6)
    generator = np.random.default_rng(extent.seed)
    cell = Neuron("cell", (Compartment("soma", SENDER),), {"tau": 20 * ms})
    rule = PlasticityRule(
        "traced",
        """
        dw/dt = learning*eta*(trace*v_post - 0.1*w) : 1
        dtrace/dt = (loud_pre - trace)/tau_trace : 1
        """,
        {"eta": 0.4, "tau_trace": 15 * ms},
    )
    masks = {
        "up": random_mask((n, n), 0.4, seed=extent.seed),
        "back": one_to_one(n),
        "lateral": no_autapses(n) & random_mask((n, n), 0.7, seed=extent.seed + 1),
    }
    pathways = (
        Pathway("up", "below", "above", "drive", "loud", rule, mask=masks["up"], bounds=(0, 0.2)),
        Pathway(
            "back", "above", "below", "drive", "loud", rule, False, masks["back"], delay=7 * ms
        ),
        Pathway(
            "lateral",
            "above",
            "above",
            "drive",
            "loud",
            None,
            True,
            masks["lateral"],
            (None, 0),
            2 * ms,
        ),
    )
    weights = {
        "up": generator.uniform(0, 0.2, (n, n)) * masks["up"],
        "back": generator.normal(0, 0.3, (n, n)) * masks["back"],
        "lateral": -generator.uniform(0, 0.2, (n, n)) * masks["lateral"],
    }
    populations = tuple(
        Population(name, n, cell, {"stimulated": "stimulus"}) for name in ("below", "above")
    )
    network = Network(populations, pathways, WeightBundle(weights))
    stimuli = generator.normal(0, 1, (extent.presentations, n))
    return Case(network, Schedule({"stimulus": stimuli}, presentation=extent.steps * ms), {})


NOISY = """
dv/dt = (jitter + chance - v)/tau + sigma*tau**-0.5*(xi + 0.5*xi_shared) : 1
dy/dt = (v - y)/tau + 0.2*sigma*tau**-0.5*xi_shared : 1
jitter = randn()*0.3 : 1 (constant over dt)
chance = int(rand() < 0.2 + 0*v) : 1 (constant over dt)
"""


def noise(extent: Extent) -> Case:
    """White noise from two sources and draws of both kinds, all given as numbers."""
    n, steps = extent.sizes[-1], extent.presentations * extent.steps
    generator = np.random.default_rng(extent.seed)
    cell = Neuron("cell", (Compartment("soma", NOISY),), {"tau": 20 * ms, "sigma": 0.5})
    rule = PlasticityRule("hebb", "dw/dt = learning*eta*(y_post - w)*y_pre : 1", {"eta": 0.3})
    sink = Neuron(
        "sink", (Compartment("soma", "dy/dt = (drive - y)/tau : 1\ndrive : 1"),), {"tau": 20 * ms}
    )
    network = Network(
        (Population("cells", n, cell), Population("sinks", n, sink)),
        (Pathway("W", "cells", "sinks", "drive", "y", rule),),
        WeightBundle({"W": generator.normal(0, 0.3, (n, n))}),
    )
    numbers = {
        f"{name}_cells": generator.normal(size=(steps, n)) for name in ("xi", "xi_shared", "jitter")
    }
    numbers["chance_cells"] = generator.random((steps, n))
    schedule = Schedule(presentation=np.full(extent.presentations, extent.steps) * ms)
    return Case(network, schedule, {"noise": numbers})


SLOW_CIRCUIT: dict[str, Any] = {
    "g_lk": 0.01 / ms,
    "g_B": 0.1 / ms,
    "g_D": 0.1 / ms,
    "g_A": 0.08 / ms,
    "g_som": 0.08 / ms,
    "W_scale": 0.5,
    "eta_theta": 0.02,
    "bias": 0.5,
}
"""A microcircuit ten times slower than its paper's, for steps of 1 ms; everything plastic."""


def microcircuit(extent: Extent, **options: Any) -> Case:
    """Areas, interneurons, all four rules; a quarter of each presentation is lag."""
    network = microcircuit_network(extent.sizes, seed=extent.seed, **{**SLOW_CIRCUIT, **options})
    times = {"presentation": extent.steps * ms, "lag": extent.steps // 4 * ms}
    schedule = random_schedule(network, extent.presentations, extent.seed, **times)
    numbers = random_numbers(network, extent.presentations * extent.steps, extent.seed)
    return Case(network, schedule, {"noise": numbers} if numbers else {})


CASES: dict[str, Callable[[Extent], Case]] = {
    "signals": signals,
    "masks, bounds, delays": wiring,
    "noise, the same numbers": noise,
    "noise, microcircuit": partial(microcircuit, sigma=0.05 / ms**0.5, matched_soma=True),
    "microcircuit": microcircuit,
    "microcircuit, soft rectifier": partial(microcircuit, activation="soft-rectifier", eta_W=1.0),
    "microcircuit, matched, filtered": partial(
        microcircuit, **MATCHED, g_D=None, tau_w=None, start="random"
    ),
    "units, initial values, constants per neuron": units,
}
"""Networks of other kinds; each feature of the descriptions at least once."""

COMPARISONS = (*OPTIONS, *CASES)


def case(name: str, extent: Extent) -> Case:
    """What is run under that name."""
    return CASES[name](extent) if name in CASES else dll_case(name, extent)


def methods(name: str) -> tuple[str, ...]:
    """The integrators that it can be run with; white noise takes Euler-Maruyama steps."""
    return METHODS[:1] if name.startswith("noise") else METHODS
