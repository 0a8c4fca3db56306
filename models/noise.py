"""Random numbers given to a run in place of its own draws."""

from collections.abc import Mapping

import numpy as np

from compartments.checks import check_kind, check_name, finite_array
from compartments.recording import trace_name
from models.network import Network
from models.sampling import SIMULATE

Noise = Mapping[str, np.ndarray]
"""By name, as traces are named (``xi_cells``, ``jitter_cells``): (step, n) numbers, standard normal
for ``xi`` and ``randn()``, uniform in 0..1 for ``rand()``."""


def draw_sizes(network: Network) -> dict[str, int]:
    """By the name of everything that a network draws, for how many neurons."""
    return {
        trace_name(draw.name, population.name): population.size
        for population in network.populations
        for draw in population.neuron.draws
    }


def checked_noise(network: Network, noise: Noise | None, steps: int) -> dict[str, np.ndarray]:
    """The numbers in float64, one row a step, each for something that the network draws.

    Raises
    ------
    ValueError
        For an unknown name, values that are not finite, another number of steps.
    """
    given = {} if noise is None else noise
    check_kind(SIMULATE, "noise", given, Mapping, "{'xi_cells': numbers}")
    found, sizes = {}, draw_sizes(network)
    for name, values in given.items():
        check_name(f"{SIMULATE}, noise", "random numbers", name, sizes)
        found[name] = finite_array(SIMULATE, f"noise {name!r}", values)
        if found[name].ndim < 2 or len(found[name]) != steps:
            raise ValueError(
                f"{SIMULATE}: noise {name!r} must have one row for each of {steps} steps, got "
                f"shape {found[name].shape}."
            )
        size = sizes[name]
        if found[name].shape[-1] not in (1, size):
            raise ValueError(
                f"{SIMULATE}: noise {name!r} has numbers for {found[name].shape[-1]} neurons; its "
                f"population has {size} neurons."
            )
    return found
