"""Sentence classification: MR (Pang and Lee 2005) and Subj (Pang and Lee 2004).

Both are published as one sentence a line in cp1252, split on line feeds only: other characters in
them count as line breaks elsewhere. Sentences become codes of words, cut or padded to one length;
codes become vectors by a table that is trained on the training part or loaded from a file, or stay
codes for a network that learns the table.
"""

import re
import tarfile
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.downloads import DataFile, Found, Source, found
from rate_bridge.data.downloads import archive as opened
from rate_bridge.data.embeddings import loaded_vectors, trained_vectors
from rate_bridge.data.splits import held_out

_CORNELL = "https://www.cs.cornell.edu/people/pabo/movie-review-data"
_MR = (
    DataFile(
        "rt-polaritydata/rt-polarity.neg",
        f"{_CORNELL}/rt-polaritydata.tar.gz",
        "sha256:4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca",
    ),
    DataFile(
        "rt-polaritydata/rt-polarity.pos",
        f"{_CORNELL}/rt-polaritydata.tar.gz",
        "sha256:2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0",
    ),
)
_MR_ARCHIVE = DataFile(
    "rt-polaritydata.tar.gz",
    f"{_CORNELL}/rt-polaritydata.tar.gz",
    "md5:50c1c2c047b4225e148e97aa7708c34e",
)
# The publisher gives no hash for this archive: it is used when allowed by name.
_SUBJ_ARCHIVE = DataFile("rotten_imdb.tar.gz", f"{_CORNELL}/rotten_imdb.tar.gz", None)
_SUBJ = (
    DataFile("rotten_imdb/plot.tok.gt9.5000", f"{_CORNELL}/rotten_imdb.tar.gz", None),
    DataFile("rotten_imdb/quote.tok.gt9.5000", f"{_CORNELL}/rotten_imdb.tar.gz", None),
)

PADDING, UNKNOWN = 0, 1
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[^\sa-z0-9]")


def mr(
    source: Source,
    length: int = 35,
    width: int = 300,
    vectors: str | None = None,
    learned_vectors: bool = False,
) -> Dataset:
    """MR: 5,331 negative (0) and 5,331 positive (1) sentences about films."""
    texts = _classes("mr", _MR, _MR_ARCHIVE, source)
    return sentence_dataset("mr", texts, length, width, vectors, learned_vectors)


def subj(
    source: Source,
    length: int = 35,
    width: int = 300,
    vectors: str | None = None,
    learned_vectors: bool = False,
) -> Dataset:
    """Subj: 5,000 objective (0) and 5,000 subjective (1) sentences."""
    texts = _classes("subj", _SUBJ, _SUBJ_ARCHIVE, source)
    return sentence_dataset("subj", texts, length, width, vectors, learned_vectors)


def words(sentence: str) -> list[str]:
    """Lower-case words (with ``'s`` and the like kept on) and single punctuation marks."""
    return _WORD.findall(sentence.lower())


def sentence_dataset(
    name: str,
    texts: list[Found],
    length: int,
    width: int,
    vectors: str | None = None,
    learned_vectors: bool = False,
) -> Dataset:
    """Codes (n, length) and class numbers; 10 % of the sentences test, 10 % validation.

    Parameters
    ----------
    texts : list of Found
        One file a class, in the order of the class numbers.
    length : int
        Words a sentence is cut or padded to.
    width : int
        Entries of a word's vector, if it is trained here.
    vectors : str, optional
        A file of vectors in GloVe's text format, in place of trained ones.
    learned_vectors : bool
        Whether inputs stay codes, for a network that learns a vector for each.

    Raises
    ------
    ValueError, FileNotFoundError
        For vectors that are to be loaded and learned; as in :func:`loaded_vectors`.
    """
    if learned_vectors and vectors is not None:
        raise ValueError(f"{name}: vectors are loaded from a file or learned_vectors, not both.")
    sentences, labels = [], []
    for label, text in enumerate(texts):
        lines = [line for line in text.content.decode("cp1252").split("\n") if line.strip()]
        sentences += [words(line) for line in lines]
        labels += [label] * len(lines)
    n_held = max(1, len(sentences) // 10)
    kept, test, test_cut = held_out(f"{name}, test", len(sentences), n_held)
    inner, held, validation_cut = held_out(f"{name}, validation", len(kept), n_held)
    train = kept[inner]
    vocabulary = _vocabulary([sentences[position] for position in train.tolist()])
    codes = coded(sentences, vocabulary, length)
    table, how = None, {"how": "learned by the network"}
    if vectors is not None:
        table, how = loaded_vectors(Path(vectors), vocabulary)
    elif not learned_vectors:
        table, how = trained_vectors(codes[train], len(vocabulary), width)
    targets = torch.tensor(labels, dtype=torch.int64)

    def split(index: Int64[Tensor, " part"]) -> Split:
        return Split(codes[index], targets[index], table)

    provenance: dict[str, Any] = {
        "files": [text.record for text in texts],
        "split": {"test": test_cut, "validation": validation_cut},
        "words": {"length": length, "vocabulary": len(vocabulary), "from": "training part"},
        "vectors": how,
    }
    parts = split(train), split(kept[held]), split(test)
    return Dataset(name, "classes", *parts, len(texts), provenance, n_codes=len(vocabulary))


def coded(
    sentences: list[list[str]], vocabulary: dict[str, int], length: int
) -> Int64[Tensor, "n length"]:
    """Word codes, cut or padded with 0 to ``length``; 1 stands for a word not in training."""
    codes = torch.full((len(sentences), length), PADDING, dtype=torch.int64)
    for row, sentence in enumerate(sentences):
        cut = [vocabulary.get(word, UNKNOWN) for word in sentence[:length]]
        codes[row, : len(cut)] = torch.tensor(cut, dtype=torch.int64)
    return codes


def _vocabulary(sentences: list[list[str]]) -> dict[str, int]:
    """Codes of the words, by first appearance; 0 and 1 are padding and unknown."""
    vocabulary = {"<padding>": PADDING, "<unknown>": UNKNOWN}
    for sentence in sentences:
        for word in sentence:
            vocabulary.setdefault(word, len(vocabulary))
    return vocabulary


def _classes(
    name: str, files: tuple[DataFile, ...], archive: DataFile, source: Source
) -> list[Found]:
    """One file a class, from the folder or from the publisher's archive."""
    if all((Path(source.folder) / file.path).is_file() for file in files):
        return [found(name, file, source) for file in files]
    packed = found(name, archive, source)
    try:
        with opened(name, archive, packed.content) as tar:
            by_name = {member.name.rsplit("/", 1)[-1]: member for member in tar.getmembers()}
            contents = [tar.extractfile(by_name[file.name]) for file in files]
            return [Found(c.read() if c else b"", packed.record) for c in contents]
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise ValueError(
            f"{name}: {archive.path} is damaged ({error}). Delete it and fetch it again from "
            f"{archive.url}."
        ) from error
