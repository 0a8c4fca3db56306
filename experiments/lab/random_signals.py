"""Signals, and noise, for networks of which nothing else is known: independent numbers."""

from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit_for_display

from compartments.recording import trace_name
from models import Network, Schedule

SCALES = {"target": 0.5}
"""Standard deviation of a signal, by its name; of the others :data:`SCALE`."""

SCALE = 0.3


def signal_sizes(network: Network) -> dict[str, int]:
    """For how many neurons each of a network's signals is; 1 for those of plasticity rules."""
    sizes = {name: 1 for p in network.pathways if p.rule for name in p.rule.signals}
    for population in network.populations:
        for item in population.given.values():
            if not item.is_flag:
                sizes[item.signal] = max(population.size, sizes.get(item.signal, 1))
    return sizes


def random_signals(network: Network, count: int, seed: int) -> dict[str, np.ndarray]:
    """Every signal of a network, (count, n), each presentation drawn anew.

    Raises
    ------
    ValueError
        For a signal with a unit, whose size nobody has said.
    """
    for population in network.populations:
        for variable, item in population.given.items():
            dim = population.neuron.equations[variable].dim
            if not item.is_flag and dim is not DIMENSIONLESS:
                raise ValueError(
                    f"The signal {item.signal!r} is in {get_unit_for_display(dim)}, so it must be "
                    "said how large it is: let the model's function return the network and the "
                    "Schedule that it is shown."
                )
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(0, SCALES.get(name, SCALE), (count, size))
        for name, size in signal_sizes(network).items()
    }


def random_schedule(network: Network, count: int, seed: int, **times: Any) -> Schedule:
    """So many presentations of :func:`random_signals`; ``times`` as for a schedule."""
    return Schedule(random_signals(network, count, seed), **times)


def random_numbers(network: Network, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Everything that a network draws, (step, n), to be given to several engines as ``noise``."""
    generator = np.random.default_rng(seed)
    return {
        trace_name(draw.name, p.name): (
            generator.random((steps, p.size))
            if draw.is_uniform
            else generator.normal(size=(steps, p.size))
        )
        for p in network.populations
        for draw in p.neuron.draws
    }
