"""Where a network rests, and the error where it does not."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from rate_bridge.references.vector_field import Instant


class NoFixedPointError(ArithmeticError):
    """The root finder did not come to rest."""


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Where a network rests.

    Attributes
    ----------
    states : Tensor, (batch, n)
        All states, in the order of :attr:`VectorField.layout`.
    residual : Tensor, (batch,)
        Newton's next step there, relative to 1 + |state|: how far the true root is.
    growth_hz : Tensor, (batch,)
        Largest real part of the Jacobian's eigenvalues: below 0 the network comes back. NaN
        with delays, on which it depends: it is not known.
    longest_step_s : Tensor, (batch,)
        Euler's method stays there with a shorter dt, in seconds. It multiplies a push by
        1 + dt lambda, lambda the Jacobian's eigenvalues, so dt < -2 Re(lambda)/|lambda|^2. NaN
        where the network itself does not stay, or that is not known.
    instant : Instant
        Every variable: ``instant("hidden1", "u")``.
    """

    states: Float[Tensor, "batch n"]
    residual: Float[Tensor, "batch"]
    growth_hz: Float[Tensor, "batch"]
    longest_step_s: Float[Tensor, "batch"]
    instant: Instant

    @property
    def stable(self) -> Bool[Tensor, "batch"]:
        """Whether the network is known to return here after a small push."""
        return self.growth_hz < 0
