r"""What a dendritic microcircuit learns while its feedback is weak (Sacramento et al. 2018).

In the self-predicting state an interneuron knows all of its partner above but what nudges that one,
so the apical potential is what the nudge adds, brought down. To leading order in every lambda, with
d_k what nudges area k at rest (u_k - v_hat_k) and L the output:

.. math::

    d_L = \lambda_L (t - \hat v_L), \qquad
    d_k = \lambda_k (1 - \lambda^I_k)\, \Theta_k^T (\phi'(\hat v_{k+1}) \circ d_{k+1})

A rule reads phi(u_k) - phi(v_hat_k) = phi' d_k. That is backpropagation of phi'(v_hat) (t - v_hat)
through Theta instead of the weights upward, times a product of lambdas: lambda^(L-k+1), smaller by
one order with each area.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def weak_feedback_surprises(
    output_error: Float[np.ndarray, "batch n_out"],
    theta: Sequence[Float[np.ndarray, "_n_above _n_below"]],
    slopes: Sequence[Float[np.ndarray, "batch _n"]],
    shares: Sequence[float],
) -> list[Float[np.ndarray, "batch _n"]]:
    """phi(u) - phi(v_hat) of every area above the input, to leading order.

    Parameters
    ----------
    output_error : array, (batch, n_out)
        Target minus v_hat of the output.
    theta : sequence of array, (n_above, n_below)
        Top-down weights to each hidden area.
    slopes : sequence of array, (batch, n)
        phi'(v_hat) of each area above the input, without a target.
    shares : sequence of float
        lambda_k (1 - lambda^I_k) of each hidden area, then lambda of the output; with ones this is
        backpropagation through theta.
    """
    found = [slopes[-1] * shares[-1] * output_error]
    hidden = list(zip(theta, slopes[:-1], shares[:-1], strict=True))
    for weights, slope, share in reversed(hidden):
        found.insert(0, slope * share * (found[0] @ weights))
    return found
