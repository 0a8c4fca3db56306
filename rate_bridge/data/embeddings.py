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

EmbeddingTable = Float[Tensor, "n_codes width"]
REACH = 5
"""Words to each side that count as a word's context."""
LONGEST_LINE = 100_000
"""Bytes of one line in a file of vectors; GloVe's 300 numbers take about 3,000."""


def trained_vectors(
    codes: Int64[Tensor, "n length"], n_codes: int, width: int
) -> tuple[EmbeddingTable, dict[str, Any]]:
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


def loaded_vectors(path: Path, vocabulary: dict[str, int]) -> tuple[EmbeddingTable, dict[str, Any]]:
    """Vectors in GloVe's text format: a line each, the word and its numbers.

    Only the lines of words in ``vocabulary`` are kept, so that a file of any length fits. Words
    that the file lacks get the mean vector; how many stands in the record.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file; if a line is too long, is not UTF-8, has another number of
        entries than the first or one that is no finite number, or brings a word again; if none of
        the words is wanted.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"Word vectors: {path} is missing. Fetch glove.6B.zip from "
            f"https://nlp.stanford.edu/data/glove.6B.zip and give the path of one of its files."
        )
    vectors: dict[int, np.ndarray] = {}
    digest = hashlib.sha256()
    width = 0
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
            digest.update(line)
            where = f"Word vectors: {path}, line {number}"
            word, entries = _word_and_entries(where, line, width)
            width = width or len(entries)
            if word not in vocabulary:
                continue
            if vocabulary[word] in vectors:
                raise ValueError(f"{where}: the word {word!r} stands twice. Delete one line.")
            vectors[vocabulary[word]] = _finite(where, entries)
    if not vectors:
        raise ValueError(
            f"Word vectors: {path} has a vector for none of the {len(vocabulary)} words of the "
            f"data set. Give vectors of its language, words in lower case."
        )
    table = np.tile(np.mean(list(vectors.values()), axis=0), (len(vocabulary), 1))
    for code, vector in vectors.items():
        table[code] = vector
    how = {
        "how": "loaded",
        "file": path.name,
        "hash": f"sha256:{digest.hexdigest()}",
        "width": width,
        "missing_words": len(vocabulary) - len(vectors),
    }
    return _bounded(table), how


def _word_and_entries(where: str, line: bytes, width: int) -> tuple[str, list[str]]:
    """A line's word (it may hold blanks) and its last ``width`` fields (0: all but the first)."""
    if len(line) > LONGEST_LINE:
        raise ValueError(
            f"{where}: more than {LONGEST_LINE} bytes. Expected GloVe's text format: a word and "
            f"its numbers a line, between blanks."
        )
    try:
        fields = line.decode("utf-8").rstrip("\r\n").split(" ")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: not UTF-8 ({error}). Expected GloVe's text format; unpack an archive first."
        ) from error
    entries = fields[-width:] if width else fields[1:]
    word = fields[: len(fields) - len(entries)]
    if len(entries) < 2 or not word or any(_is_number(part) for part in word[1:]):
        raise ValueError(
            f"{where}: expected a word and {width or 'two or more'} numbers, got "
            f"{len(fields) - 1} numbers. GloVe's text format has no header line, and as many "
            f"numbers in each line."
        )
    return " ".join(word), entries


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _finite(where: str, entries: list[str]) -> np.ndarray:
    try:
        vector = np.array([float(entry) for entry in entries], dtype=np.float32)
    except ValueError as error:
        raise ValueError(f"{where}: {error}.") from error
    if not np.isfinite(vector).all():
        raise ValueError(f"{where}: a number is not finite.")
    return vector


def _neighbours(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of codes at most ``REACH`` apart in a sentence, padding left out."""
    pairs = []
    for distance in range(1, min(REACH, codes.shape[1] - 1) + 1):
        left, right = codes[:, :-distance].ravel(), codes[:, distance:].ravel()
        both = (left > 0) & (right > 0)
        pairs += [(left[both], right[both]), (right[both], left[both])]
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def _bounded(vectors: np.ndarray) -> EmbeddingTable:
    """Mean 0, deviation 1, clipped at 3, mapped to 0..1; code 0, the padding, is zero."""
    scaled = (vectors - vectors.mean()) / max(float(vectors.std()), 1e-12)
    table = torch.from_numpy((np.clip(scaled, -3, 3) / 6 + 0.5).astype(np.float32))
    table[0] = 0
    return table
