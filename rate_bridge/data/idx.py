"""MNIST and Fashion-MNIST, from the publishers' IDX files.

Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"; H. Xiao, K. Rasul,
R. Vollgraf, arXiv 1708.07747. The gzip wrapper differs between mirrors, so the hashes are of the
content.
"""

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8

from rate_bridge.data.dataset import Dataset
from rate_bridge.data.downloads import DataFile, Source, found
from rate_bridge.data.images import image_dataset

_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_MNIST = (
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
_FASHION = (
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)


def mnist(source: Source, n_validation: int = 5000) -> Dataset:
    """MNIST: 60,000 and 10,000 grey images of 28 x 28, scaled by mean .1307 and s.d. .3081."""
    address = "https://ossci-datasets.s3.amazonaws.com/mnist"
    files = _files("MNIST/raw", address, _MNIST)
    return _idx_dataset("mnist", files, source, n_validation, (0.1307, 0.3081))


def fashion_mnist(source: Source, n_validation: int = 5000) -> Dataset:
    """Fashion-MNIST: shaped like MNIST, scaled by mean .2860 and s.d. .3205."""
    address = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
    files = _files("FashionMNIST/raw", address, _FASHION)
    return _idx_dataset("fashion-mnist", files, source, n_validation, (0.2860, 0.3205))


def idx_array(where: str, content: bytes) -> UInt8[np.ndarray, "..."]:
    """The array in an IDX file of unsigned bytes.

    Big-endian: two zero bytes, type 8, number of axes, the axes' lengths, the data.

    Raises
    ------
    ValueError
        If the header is not of that kind, or the data is shorter or longer than it says.
    """
    shape, start = _header(where, content)
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise ValueError(
            f"{where}: its header announces {shape}, so {expected} bytes; it has {len(content)}. "
            f"It is cut short or damaged: delete it and fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _header(where: str, content: bytes) -> tuple[tuple[int, ...], int]:
    """The shape that the header announces, and where the data begins."""
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"{where} is no IDX file of unsigned bytes: it begins with {content[:4]!r}."
        )
    n_axes = content[3]
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise ValueError(f"{where} ends inside its header of {n_axes} axes.")
    return struct.unpack(f">{n_axes}I", content[4:start]), start


def _announced(where: str) -> Callable[[bytes], int]:
    def bytes_of(head: bytes) -> int:
        shape, start = _header(where, head)
        return start + math.prod(shape)

    return bytes_of


def _files(folder: str, address: str, hashes: tuple[str, ...]) -> list[DataFile]:
    return [
        DataFile(
            f"{folder}/{name}.gz",
            f"{address}/{name}.gz",
            f"sha256:{digest}",
            of="content",
            announced=_announced(name),
        )
        for name, digest in zip(_NAMES, hashes, strict=True)
    ]


def _idx_dataset(
    name: str,
    files: list[DataFile],
    source: Source,
    n_validation: int,
    scaling: tuple[float, float],
) -> Dataset:
    arrays, records = [], []
    for file in files:
        content = found(name, file, source)
        arrays.append(torch.from_numpy(idx_array(f"{name}: {file.path}", content.content).copy()))
        records.append(content.record)
    provenance: dict[str, Any] = {"files": records}
    images, labels, test_images, test_labels = arrays
    return image_dataset(
        name,
        (images[:, None], labels.long()),
        (test_images[:, None], test_labels.long()),
        n_validation,
        scaling,
        provenance,
    )
