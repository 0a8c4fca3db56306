"""Networks with events that both engines are to run alike, spike for spike."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from brian2 import Hz, Quantity, ms

from compartments import Compartment, Neuron, PlasticityRule, input_neuron
from models import Network, Pathway, Population, Schedule, WeightBundle, no_autapses

INTEGRATE = Neuron(
    "integrate_and_fire",
    (
        Compartment("soma", "dv/dt = (drive + g - v)/tau : 1 (unless refractory)\ndrive : 1"),
        Compartment("synapse", "dg/dt = -g/tau_s : 1"),
    ),
    {"tau": 17 * ms, "tau_s": 4.3 * ms, "v_t": 1.0},
    threshold="v > v_t",
    reset="v = 0",
    refractory=3 * ms,
)

# exponential and adaptive; two events; a statement of a reset reads what another one has changed
ADAPTIVE = Neuron(
    "adaptive",
    (
        Compartment(
            "soma",
            """
            dv/dt = (drive - v + slope*exp((v - v_e)/slope) - k)/tau : 1
            dk/dt = (0.3*v - k)/tau_k : 1
            drive : 1
            """,
        ),
        Compartment("tuft", "da/dt = (g*(2 - a) - a)/tau : 1\ndg/dt = -g/tau_s : 1"),
    ),
    {"tau": 11 * ms, "tau_k": 60 * ms, "tau_s": 6 * ms, "slope": 0.2, "v_e": 1.0},
    threshold={"spike": "v > 2", "burst": "v > 2 and k < 0.45"},
    reset={"spike": "v = 0.1*k; k += 0.2 + 0.1*v", "burst": "v += 0.4\na *= 0.5"},
)

ESCAPE = Neuron(
    "escape",
    (
        Compartment("soma", "dv/dt = (drive + g - v)/tau : 1\ndrive : 1\ndg/dt = -g/tau : 1"),
        Compartment("hazard", "hazard = rate*exp((v - 1)/0.3) : Hz"),
    ),
    {"tau": 13 * ms, "rate": 60 * Hz},
    threshold={"spike": "rand() < 1 - exp(-hazard*dt)", "many": "poisson(5*hazard*dt)"},
    reset={"spike": "v -= 0.5", "many": "g += 0.01"},
    refractory=2 * ms,
)

DEPRESSING = PlasticityRule(
    "depressing", "dx/dt = (1 - x)/tau_d : 1", {"tau_d": 80 * ms}, on_pre="x -= 0.4*x"
)
PAIRING = PlasticityRule(
    "pairs",
    "dleft/dt = -left/tau_t : 1",
    {"tau_t": 20 * ms, "eta": 0.05},
    on_pre="left += 1; w -= 0.01*a_post",
    on_post={"spike": "w += eta*left", "burst": "w *= 0.99; w += 2*eta*left*a_post"},
)


class _Across(NamedTuple):
    """Cells, and the pathway between them."""

    neuron: Neuron
    pathway: Mapping[str, Any]


FIRING: Mapping[str, _Across] = MappingProxyType(
    {
        "integrate and fire": _Across(INTEGRATE, {"on_pre": "g_post += w"}),
        "delayed": _Across(INTEGRATE, {"on_pre": "g_post += w", "delay": 3 * ms}),
        "refractory": _Across(INTEGRATE, {"target": "v", "on_pre": "v_post += 0.4*w"}),
        "conductance": _Across(ADAPTIVE, {"on_pre": "g_post += w*(2 - a_post)"}),
        "bursts alone": _Across(ADAPTIVE, {"sends": "burst", "on_pre": "g_post += abs(w)"}),
        "short-term depression": _Across(
            INTEGRATE, {"on_pre": "g_post += w*x", "rule": DEPRESSING}
        ),
        "pairs of spikes": _Across(
            ADAPTIVE, {"on_pre": "g_post += w", "rule": PAIRING, "bounds": (-0.1, 0.5)}
        ),
        "pairs of spikes, delayed": _Across(
            ADAPTIVE, {"on_pre": "g_post += w", "rule": PAIRING, "delay": 2 * ms}
        ),
    }
)
"""Networks without chance: threshold events, refractoriness, resets, jumps, delays, plasticity."""


def deterministic(case: str, seed: int = 0, n: int = 12) -> Network:
    """A network without chance, by name; its cells send events to each other."""
    rng = np.random.default_rng(seed)
    neuron, how = FIRING[case]
    mask = no_autapses(n)
    populations = (Population("input", 5, input_neuron()), Population("cells", n, neuron))
    pathways = (
        Pathway("up", "input", "cells", "drive", "u"),
        Pathway("across", "cells", "cells", mask=mask, **{"target": "g", "sends": "spike", **how}),
    )
    across = rng.normal(0.1, 0.2, (n, n)).clip(*how.get("bounds", (None, None))) * mask
    weights = {"up": rng.uniform(0.2, 1.0, (n, 5)), "across": across}
    return Network(populations, pathways, WeightBundle(weights))


def with_chance(seed: int = 3, n: int = 10) -> Network:
    """Cells with escape noise that excite each other, one by one and by counts."""
    rng = np.random.default_rng(seed)
    populations = (Population("input", 3, input_neuron()), Population("cells", n, ESCAPE))
    pathways = (
        Pathway("up", "input", "cells", "drive", "u"),
        Pathway("across", "cells", "cells", "g", "spike", on_pre="g_post += w"),
        Pathway("counted", "cells", "cells", "g", "many", on_pre="g_post += w*(1 - v_post)"),
    )
    weights = {name: rng.normal(0, 0.05, (n, n)) for name in ("across", "counted")}
    weights["up"] = rng.uniform(0.2, 0.8, (n, 3))
    return Network(populations, pathways, WeightBundle(weights))


def given_numbers(steps: int, seed: int = 5, n: int = 10) -> dict[str, np.ndarray]:
    """Random numbers for :func:`with_chance`, a row a step: uniform ones, and counts."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.2, (steps, n)).astype(float)
    return {"spike_cells": rng.random((steps, n)), "many_cells": counts}


def shown(network: Network, presentations: int, length: Quantity) -> Schedule:
    """Constant inputs for one of these networks, new ones in each presentation."""
    width = network.population("input").size
    inputs = np.random.default_rng(1).uniform(0, 1.2, (presentations, width))
    return Schedule({"stimulus": inputs}, presentation=length)
