"""Baselines of sentences: what their words say without order.

A sentence is the counts of those of its words that the training part has. The words are those
that a network reads: a sentence is cut at the same length.
"""

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.sparse import coo_array, csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from torch import Tensor, nn

from rate_bridge.baselines.selection import Choice, selected
from rate_bridge.data import Dataset
from rate_bridge.data.sentences import UNKNOWN

WORD_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Of the squared weights, against the summed loss: scikit-learn's C."""
NAIVE_BAYES_SMOOTHINGS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""What is added to each count of a word in a class."""


class BagOfWords(nn.Module):
    """The sum of a weight for each word and class, and a bias."""

    def __init__(self, weights: Float[Tensor, "n_codes n_classes"], bias: Tensor) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag.from_pretrained(weights, freeze=False, mode="sum")
        self.bias = nn.Parameter(bias)

    def forward(self, codes: Int64[Tensor, "batch length"]) -> Tensor:
        """(batch, n_classes), logits."""
        summed: Tensor = self.words(codes)
        return summed + self.bias


def naive_bayes(dataset: Dataset) -> Choice:
    """Multinomial naive Bayes; the smoothing is selected."""
    counts, targets = _counts(dataset), dataset.train.targets.numpy()

    def model(smoothing: float) -> nn.Module:
        found = MultinomialNB(alpha=smoothing).fit(counts, targets)
        return _bag(found.feature_log_prob_, found.class_log_prior_)

    return selected("alpha", NAIVE_BAYES_SMOOTHINGS, model, dataset)


def logistic(dataset: Dataset) -> Choice:
    """Logistic regression; the penalty is selected."""
    counts, targets = _counts(dataset), dataset.train.targets.numpy()

    def model(inverse_penalty: float) -> nn.Module:
        found = LogisticRegression(C=inverse_penalty, max_iter=2000).fit(counts, targets)
        weights, bias = found.coef_, found.intercept_
        if len(weights) == 1:  # of two classes, scikit-learn gives the second one's alone
            weights, bias = np.vstack([0 * weights, weights]), np.append(0 * bias, bias)
        return _bag(weights, bias)

    return selected("C", WORD_PENALTIES, model, dataset)


def _counts(dataset: Dataset) -> csr_array:
    """(sentence, word) counts of the training part, from the first code of a word on."""
    codes = dataset.train.inputs.numpy()
    rows = np.repeat(np.arange(len(codes)), codes.shape[1])
    words = codes.ravel() - (UNKNOWN + 1)
    known = words >= 0
    entries = (np.ones(known.sum()), (rows[known], words[known]))
    return coo_array(entries, shape=(len(codes), int(words.max()) + 1)).tocsr()


def _bag(weights: np.ndarray, bias: np.ndarray) -> BagOfWords:
    """From weights (n_classes, word); padding and unknown words count nothing."""
    silent = np.zeros((UNKNOWN + 1, len(weights)))
    table = np.vstack([silent, weights.T]).astype(np.float32)
    return BagOfWords(torch.from_numpy(table), torch.from_numpy(bias.astype(np.float32)))
