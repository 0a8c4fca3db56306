"""What stops a run while it runs: divergence."""

import numpy as np

DIVERGED_BEYOND = 1e6
"""A state or weight beyond this is taken as diverged (all are of order 1)."""


class DivergenceError(ArithmeticError):
    """A variable left the bound or became NaN; says when, where, which, and its value."""

    def __init__(self, place: str, variable: str, time_ms: float, value: float) -> None:
        self.place, self.variable, self.time_ms, self.value = place, variable, time_ms, value
        super().__init__(
            f"Diverged at t = {time_ms:g} ms: {variable!r} of {place!r} is {value:g} "
            f"(bound {DIVERGED_BEYOND:g}). Lower the learning rates or the time step."
        )


def diverged(values: np.ndarray) -> float | None:
    """The worst value, if any is NaN or beyond the bound."""
    bad = ~(np.abs(values) <= DIVERGED_BEYOND)
    return float(values[bad][0]) if bad.any() else None
