"""Which synapses a pathway has: masks, (n_above, n_below), True where there is one.

Masks combine: ``random_mask((20, 20), 0.1, seed=1) & no_autapses(20)``.
"""

import numpy as np
from jaxtyping import Bool

from compartments.checks import check_sequence
from compartments.domains import Count, Positive, Seed, check_value, shown
from compartments.sizes import check_size

Mask = Bool[np.ndarray, "n_above n_below"]


def one_to_one(n: int) -> Mask:
    """Each neuron to the one of the same number."""
    check_value("one_to_one", "n", n, Count)
    check_size("one_to_one", "n", needed_bytes=float(n) ** 2)
    return np.eye(n, dtype=bool)


def no_autapses(n: int) -> Mask:
    """Every neuron of a population to every other one, and none to itself."""
    check_value("no_autapses", "n", n, Count)
    check_size("no_autapses", "n", needed_bytes=float(n) ** 2)
    return ~np.eye(n, dtype=bool)


def random_mask(shape: tuple[int, int], probability: float, seed: int) -> Mask:
    """Each synapse with a probability, independently.

    Parameters
    ----------
    shape : tuple of int
        (n_above, n_below).
    probability : float
        Above 0, at most 1.
    seed : int
        For numpy's default generator.

    Raises
    ------
    ValueError
        For a number that is out of range.
    """
    sizes = check_sequence("random_mask", "shape", shape, "sizes")
    for size in sizes:
        check_value("random_mask", "shape", size, Count)
    if len(sizes) != 2:
        raise ValueError(f"random_mask: shape must be (n_above, n_below), got {shown(shape)}.")
    check_size("random_mask", "shape", needed_bytes=9.0 * sizes[0] * sizes[1])
    check_value("random_mask", "probability", probability, Positive)
    check_value("random_mask", "seed", seed, Seed)
    if probability > 1:
        raise ValueError(f"random_mask: probability must be at most 1, got {probability}.")
    return np.random.default_rng(seed).random(tuple(sizes)) < probability
