"""Baselines of character text: how often a character has followed the last few.

``p(c | h) = (n(h c) + s p(c | h')) / (n(h) + s)``, with counts ``n`` in the training part, ``h'``
the context without its earliest character, and equal shares at the end of the chain (D. MacKay and
L. Bauman Peto, "A hierarchical Dirichlet language model", 1995). A context never reaches before its
window: a network, too, begins each window from nothing.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64
from scipy.sparse import coo_array, csr_array
from torch import Tensor, nn

from rate_bridge.baselines.selection import Choice, selected
from rate_bridge.data import Dataset

ORDERS = (4, 5, 6, 7, 8, 9, 10, 12)
N_GRAM_SMOOTHINGS = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3)


class Contexts(NamedTuple):
    """All contexts of one length.

    Attributes
    ----------
    keys : (n_contexts,)
        Sorted: the number of the context without its last character, times the alphabet's size,
        plus that character.
    counts : (n_contexts, n_characters)
        How often each character followed.
    """

    keys: np.ndarray
    counts: csr_array


class NGram(nn.Module):
    """Log-probabilities of the next character, from at most ``order - 1`` last ones."""

    def __init__(self, contexts: list[Contexts], order: int, smoothing: float) -> None:
        super().__init__()
        self.contexts, self.order, self.smoothing = contexts[:order], order, smoothing

    def forward(self, codes: Int64[Tensor, "batch length"]) -> Tensor:
        """(batch, length, n_characters)."""
        read = codes.numpy()
        size = self.contexts[0].counts.shape[1]
        numbers = np.zeros((len(read), read.shape[1] + 1), dtype=np.int64)
        shares = np.full((*read.shape, size), 1 / size)
        for length, level in enumerate(self.contexts):
            if length:
                numbers = _found(level.keys, numbers[:, :-1] * size + read[:, length - 1 :])
            here = numbers if length else numbers[:, 1:]
            counts = _rows(level.counts, here)
            before = shares[:, max(length - 1, 0) :]
            total = counts.sum(-1, keepdims=True) + self.smoothing
            before[:] = (counts + self.smoothing * before) / total
        return torch.from_numpy(np.log(shares))


def bigram(dataset: Dataset) -> Choice:
    """From the last character; the smoothing is selected."""
    contexts = counted(dataset, 2)
    return selected("smoothing", N_GRAM_SMOOTHINGS, lambda s: NGram(contexts, 2, s), dataset)


def n_gram(dataset: Dataset) -> Choice:
    """From the last few characters; how many, and the smoothing, are selected."""
    contexts = counted(dataset, max(ORDERS))
    candidates = tuple(product(ORDERS, N_GRAM_SMOOTHINGS))
    return selected("order, smoothing", candidates, lambda given: NGram(contexts, *given), dataset)


def counted(dataset: Dataset, order: int) -> list[Contexts]:
    """Contexts of 0, 1, ..., ``order - 1`` characters in the training part."""
    read, following = dataset.train.inputs.numpy(), dataset.train.targets.numpy()
    size = dataset.n_out
    numbers = np.zeros((len(read), read.shape[1] + 1), dtype=np.int64)
    levels = []
    for length in range(min(order, read.shape[1] + 1)):
        keys = numbers[:, 1:] if not length else numbers[:, :-1] * size + read[:, length - 1 :]
        known, inverse = np.unique(keys, return_inverse=True)
        after = following[:, max(length - 1, 0) :]
        entries = (np.ones(after.size), (inverse.ravel(), after.ravel()))
        counts = coo_array(entries, shape=(len(known), size)).tocsr()
        levels.append(Contexts(known, counts))
        if length:
            numbers = inverse.reshape(keys.shape)
    return levels


def _found(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The number of each key among the known ones, -1 where it is new."""
    place = np.searchsorted(known, keys).clip(max=len(known) - 1)
    return np.where(known[place] == keys, place, -1)


def _rows(counts: csr_array, numbers: np.ndarray) -> np.ndarray:
    """The counts of each context, 0 where it is new."""
    rows = np.zeros((numbers.size, counts.shape[1]))
    flat = numbers.ravel()
    rows[flat >= 0] = counts[flat[flat >= 0]].toarray()
    return rows.reshape(*numbers.shape, -1)
