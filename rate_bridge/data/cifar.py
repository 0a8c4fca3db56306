"""CIFAR-10, binary version. A. Krizhevsky, "Learning multiple layers of features", 2009.

Either the official archive ``cifar-10-binary.tar.gz`` or the six files that it holds may lie in the
data folder; the archive is preferred.
"""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rate_bridge.data.dataset import Dataset
from rate_bridge.data.downloads import DataFile, Source, archive, found
from rate_bridge.data.images import image_dataset

_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_SHA256 = "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
_FOLDER = "cifar-10-batches-bin"
_ARCHIVE = DataFile("cifar-10-binary.tar.gz", _URL, _SHA256)
_MEMBERS = {
    "data_batch_1.bin": "md5:5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "md5:5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "md5:942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "md5:ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "md5:53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "md5:803d5f7f4d78ea53de84dbe85f74fb6d",
}
_RECORD = 1 + 3 * 32 * 32
"""Bytes of one sample: a label, then 3 x 32 x 32 pixels, channel first."""


def cifar10(source: Source, n_validation: int = 5000) -> Dataset:
    """CIFAR-10: 50,000 and 10,000 colour images of 32 x 32, scaled to -1..1."""
    contents, records = _from_archive(source) if _archive_first(source) else _from_folder(source)
    parts = [labelled(f"cifar10: {name}", content) for name, content in contents.items()]
    train = (torch.cat([p[0] for p in parts[:-1]]), torch.cat([p[1] for p in parts[:-1]]))
    provenance = {"files": records}
    return image_dataset("cifar10", train, parts[-1], n_validation, (0.5, 0.5), provenance)


def labelled(where: str, content: bytes) -> tuple[Tensor, Tensor]:
    """Images (n, 3, 32, 32) and labels (n,) in one binary batch file.

    Raises
    ------
    ValueError
        If the length is no whole number of records of 3073 bytes.
    """
    if not content or len(content) % _RECORD:
        raise ValueError(
            f"{where} has {len(content)} bytes, expected a multiple of {_RECORD}: it is cut short "
            f"or damaged. Delete it and fetch {_URL} again."
        )
    rows = torch.from_numpy(np.frombuffer(content, np.uint8).reshape(-1, _RECORD).copy())
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].long()


def _archive_first(source: Source) -> bool:
    folder = Path(source.folder)
    return (folder / _ARCHIVE.path).is_file() or not (folder / _FOLDER).is_dir()


def _from_archive(source: Source) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    packed = found("cifar10", _ARCHIVE, source)
    contents = {}
    try:
        with archive("cifar10", _ARCHIVE, packed.content) as tar:
            for name in _MEMBERS:
                member = tar.extractfile(f"{_FOLDER}/{name}")
                contents[name] = member.read() if member else b""
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise ValueError(
            f"cifar10: {_ARCHIVE.path} is damaged ({error}). Delete it and fetch {_URL} again."
        ) from error
    return contents, [packed.record]


def _from_folder(source: Source) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    contents, records = {}, []
    for name, digest in _MEMBERS.items():
        unfetched = Source(source.folder, download=False, allow=source.allow)
        file = found("cifar10", DataFile(f"{_FOLDER}/{name}", _URL, digest), unfetched)
        contents[name] = file.content
        records.append(file.record)
    return contents, records
