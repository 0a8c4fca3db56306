"""Which potential has a given rate: for targets that are told as rates."""

import numpy as np
import sympy
from brian2.parsing.sympytools import str_to_sympy
from jaxtyping import Float

from compartments.activations import Activation, activation
from compartments.checks import finite_array

_Z = sympy.Symbol("z", real=True)
LARGEST_POTENTIAL = 1e6
HALVINGS = 120
"""2e6 / 2^120 is below any rounding."""


def potentials_of(
    f: str | Activation, rates: Float[np.ndarray, "*any"]
) -> Float[np.ndarray, "*any"]:
    """The potentials at which an increasing activation has these rates, by bisection.

    Parameters
    ----------
    f : str or Activation
        From potential to rate.
    rates : array
        Of any shape.

    Raises
    ------
    ValueError
        For an activation that does not increase, or a rate that no finite potential has: 1 of the
        logistic function; says which rates it has.
    """
    phi = activation(f)
    where = f"Activation {phi.name!r}"
    wanted = finite_array(where, "rates", rates)
    function = sympy.lambdify(_Z, str_to_sympy(phi.function), "numpy")
    lowest, highest = (float(function(z)) for z in (-LARGEST_POTENTIAL, LARGEST_POTENTIAL))
    if not lowest < highest:
        raise ValueError(f"{where} does not increase, so that rates do not tell potentials.")
    outside = wanted[(wanted <= lowest) | (wanted >= highest)]
    if outside.size:
        raise ValueError(
            f"{where}: rates must lie between {lowest:g} and {highest:g}, got {outside[0]:g}; "
            "choose targets that a neuron can reach."
        )
    low = np.full(wanted.shape, -LARGEST_POTENTIAL)
    high = -low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = function(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
