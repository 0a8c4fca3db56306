"""Word vectors: trained on the training sentences, or loaded from a file.

Vectors are brought to mean 0 and deviation 1, clipped at 3 deviations and mapped to 0..1, as the
released code of Lv et al. 2025 does with GloVe; the padding's vector is zero.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

Table = Float[Tensor, "n_codes width"]
REACH = 5
"""Words to each side that count as a word's context."""


def trained_vectors(
    codes: Int64[Tensor, "n length"], n_codes: int, width: int
) -> tuple[Table, dict[str, Any]]:
    """Vectors from the words' contexts: positive pointwise mutual information, truncated SVD.

    The count-based equal of skip-gram with negative sampling (O. Levy and Y. Goldberg, "Neural
    word embedding as implicit matrix factorization", NIPS 2014). Deterministic.
    """
    from scipy.sparse import coo_array
    from sklearn.utils.extmath import randomized_svd

    first, second = _neighbours(codes.numpy())
    counts = coo_array((np.ones(len(first)), (first, second)), shape=(n_codes, n_codes)).tocsr()
    counts = counts.tocoo()  # summed duplicates
    total, degree = counts.sum(), np.asarray(counts.sum(1)).ravel()
    information = np.log(counts.data * total / (degree[counts.row] * degree[counts.col]))
    positive = coo_array(
        (np.maximum(information, 0), (counts.row, counts.col)), shape=(n_codes, n_codes)
    ).tocsr()
    rank = min(width, n_codes - 1)
    left, values, _ = randomized_svd(positive, rank, random_state=0)
    vectors = np.zeros((n_codes, width), dtype=np.float32)
    vectors[:, :rank] = left * np.sqrt(values)
    how = {"how": "PPMI and SVD of the training part", "reach": REACH, "width": width}
    return _bounded(vectors), how


def loaded_vectors(path: Path, vocabulary: dict[str, int]) -> tuple[Table, dict[str, Any]]:
    """Vectors in GloVe's text format: a line each, the word and its numbers.

    Words that the file lacks get the mean vector; how many stands in the record.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file; if its lines differ in length or hold no numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"Word vectors: {path} is missing. Fetch glove.6B.zip from "
            f"https://nlp.stanford.edu/data/glove.6B.zip and give the path of one of its files."
        )
    vectors: dict[int, np.ndarray] = {}
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            digest.update(line)
            word, *numbers = line.decode("utf-8").rstrip("\n").split(" ")
            if word not in vocabulary:
                continue
            try:
                vectors[vocabulary[word]] = np.array(numbers, dtype=np.float32)
            except ValueError as error:
                raise ValueError(f"Word vectors: {path}, line {number}: {error}.") from error
    lengths = {len(vector) for vector in vectors.values()}
    if len(lengths) != 1:
        raise ValueError(
            f"Word vectors: {path} holds vectors of {sorted(lengths) or 'no'} entries for the "
            f"words of the data set, expected one length."
        )
    table = np.tile(np.mean(list(vectors.values()), axis=0), (len(vocabulary), 1))
    for code, vector in vectors.items():
        table[code] = vector
    how = {
        "how": "loaded",
        "file": path.name,
        "hash": f"sha256:{digest.hexdigest()}",
        "missing_words": len(vocabulary) - len(vectors),
    }
    return _bounded(table), how


def _neighbours(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of codes at most ``REACH`` apart in a sentence, padding left out."""
    pairs = []
    for distance in range(1, min(REACH, codes.shape[1] - 1) + 1):
        left, right = codes[:, :-distance].ravel(), codes[:, distance:].ravel()
        both = (left > 0) & (right > 0)
        pairs += [(left[both], right[both]), (right[both], left[both])]
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def _bounded(vectors: np.ndarray) -> Table:
    """Mean 0, deviation 1, clipped at 3, mapped to 0..1; code 0, the padding, is zero."""
    scaled = (vectors - vectors.mean()) / max(float(vectors.std()), 1e-12)
    table = torch.from_numpy((np.clip(scaled, -3, 3) / 6 + 0.5).astype(np.float32))
    table[0] = 0
    return table
