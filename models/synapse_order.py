"""Weights as matrices, and in the order in which Brian2 keeps synapses."""

import numpy as np

from models.pathway import Pathway


def to_synapses(pathway: Pathway, weights: np.ndarray) -> np.ndarray:
    """Weights (n_above, n_below) in the order of the synapses: presynaptic neuron first."""
    present = np.ones(weights.shape, dtype=bool) if pathway.mask is None else pathway.mask
    return weights.T[present.T] if pathway.upward else weights[present]


def from_synapses(pathway: Pathway, shape: tuple[int, int], values: np.ndarray) -> np.ndarray:
    """The inverse of :func:`to_synapses`; leading dimensions of ``values`` are kept."""
    present = np.ones(shape, dtype=bool) if pathway.mask is None else pathway.mask
    found = np.zeros((*values.shape[:-1], *shape))
    if pathway.upward:
        found.swapaxes(-1, -2)[..., present.T] = values
    else:
        found[..., present] = values
    return found
