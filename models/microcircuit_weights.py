"""Initial weights of a dendritic microcircuit, and those by which it predicts itself.

Their names: :mod:`models.microcircuit`.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from compartments.checks import check_kind, check_sizes
from compartments.domains import Seed, check_value
from models.microcircuit_options import MicrocircuitOptions
from models.weights import WeightBundle, check_bundle


def microcircuit_weights(
    sizes: Sequence[int], options: MicrocircuitOptions, seed: int = 0
) -> WeightBundle:
    """Uniformly distributed initial weights; lateral ones as ``options.start`` says.

    Raises
    ------
    ValueError
        For sizes that are none, or a seed that numpy does not take.
    """
    sizes = check_sizes("Microcircuit", sizes)
    _check_options(options)
    check_value("Microcircuit", "seed", seed, Seed)
    generator = np.random.default_rng(seed)

    def uniform(scale: float, above: int, below: int) -> np.ndarray:
        return generator.uniform(-scale, scale, (above, below))

    pairs = list(enumerate(pairwise(sizes)))
    arrays = {f"W{k}": uniform(options.W_scale, above, below) for k, (below, above) in pairs}
    for k, (below, above) in pairs[1:]:
        arrays[f"theta{k}"] = uniform(options.theta_scale, above, below)
        arrays[f"IP{k}"] = uniform(options.W_scale, above, below)
        arrays[f"PI{k}"] = uniform(options.theta_scale, above, below)
        arrays[f"nudge{k}"] = np.eye(above)
    if options.bias:
        arrays |= {f"b{k}": np.zeros((above, 1)) for k, (_, above) in pairs}
        arrays |= {f"bI{k}": np.zeros((above, 1)) for k, (_, above) in pairs[1:]}
    weights = WeightBundle(arrays)
    return self_predicting(weights, options) if options.start == "self-predicting" else weights


def self_predicting(weights: WeightBundle, options: MicrocircuitOptions) -> WeightBundle:
    r"""The weights with lateral ones by which interneurons cancel what comes from above.

    Without a target the interneurons then have the potential of the area above, and

    .. math::

        W^{PI}_k = -W^{PP}_{k,k+1}, \qquad
        W^{IP}_k = \frac{g_B (g_{lk} + g_D)}{g_D (g_{lk} + g_B + g_A^{(k+1)})} W^{PP}_{k+1,k}

    with g_A = 0 for the output. At rest that holds for any stimulus. An interneuron departs from
    its partner by (g_B + g_A^(k+1) - g_D) (u - v_hat), so at every instant it holds where
    g_D = g_B + g_A^(k+1): below the output where g_D = g_B, below a hidden area only where g_D is
    larger by g_A (``g_D=None`` gives both).

    Parameters
    ----------
    weights : WeightBundle
        Of a microcircuit; bottom-up and top-down weights stay.
    options : MicrocircuitOptions
        Conductances.
    """
    check_bundle("Microcircuit", weights)
    _check_options(options)
    depth = sum(name.startswith("theta") for name in weights) + 1
    gains, lateral = options.gains, {}
    for k in range(1, depth):
        top = k == depth - 1
        area, beside = (
            (gains.output, gains.below_output) if top else (gains.hidden, gains.below_hidden)
        )
        lateral[f"PI{k}"] = -weights[f"theta{k}"]
        lateral[f"IP{k}"] = area / beside * weights[f"W{k}"]
        if f"b{k}" in weights:
            lateral[f"bI{k}"] = area / beside * weights[f"b{k}"]
    return weights.with_arrays(**lateral)


def _check_options(options: MicrocircuitOptions) -> None:
    check_kind("Microcircuit", "options", options, MicrocircuitOptions, "MicrocircuitOptions(...)")
