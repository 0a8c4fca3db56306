"""Values that may differ between the neurons of a population: constants, and where states begin."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from brian2 import Quantity, get_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_unit_for_display

from compartments.checks import check_constant, finite_array

PerNeuron: TypeAlias = float | np.ndarray | Sequence[float]
"""One value for all neurons (perhaps a Quantity), or an array (n,) with one for each."""


def frozen(values: Mapping[str, PerNeuron]) -> MappingProxyType[str, Any]:
    """The same values; arrays are copied, and cannot be changed."""
    return MappingProxyType({name: _fixed(value) for name, value in values.items()})


def _fixed(value: Any) -> Any:
    try:
        kind = np.asarray(value).dtype.kind if is_array(value) else "O"
    except ValueError:  # rows of several lengths
        kind = "O"
    if kind not in "biuf":  # is refused later, where it is no single value
        return value
    copied = np.array(value, dtype=np.float64)
    copied.setflags(write=False)
    dim = get_dimensions(value)
    return copied if dim is DIMENSIONLESS else Quantity(copied, dim=dim, copy=False)


def is_array(value: object) -> bool:
    """Whether there is one value for each neuron."""
    is_row = isinstance(value, list | tuple)
    return is_row or (isinstance(value, np.ndarray) and value.ndim > 0)


def check_parameter(where: str, name: str, value: Any) -> None:
    """Refuse a constant that is neither one number nor an array of them; a ``tau`` is a time.

    Raises
    ------
    ValueError
        With the number's place in the array.
    """
    if not is_array(value):
        check_constant(where, name, value)
        return
    _check_row(where, name, value)
    for number, one in enumerate(value):
        check_constant(f"{where}, neuron {number}", name, one)


def check_start(where: str, name: str, value: Any, dim: Dimension) -> None:
    """Refuse an initial value of another unit, not finite, or no number.

    Raises
    ------
    ValueError
        With what came.
    """
    found = get_dimensions(value) if isinstance(value, Quantity) else DIMENSIONLESS
    if found is not dim:
        raise ValueError(
            f"{where}: the initial {name} must be in {get_unit_for_display(dim)}, "
            f"got {get_unit_for_display(found)}."
        )
    _check_row(where, name, value)


def check_counts(where: str, values: Mapping[str, Any], size: int) -> None:
    """Refuse arrays for another number of neurons.

    Raises
    ------
    ValueError
        With both numbers.
    """
    for name, value in values.items():
        if is_array(value) and len(value) != size:
            raise ValueError(
                f"{where}: {name} has {len(value)} values for {size} neurons; give one for each, "
                "or one for all."
            )


def _check_row(where: str, name: str, value: Any) -> None:
    plain = np.asarray(value) if isinstance(value, Quantity) else value
    finite_array(where, name, plain, ("neuron",) if is_array(value) else ())
