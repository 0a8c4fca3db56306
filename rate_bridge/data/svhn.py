"""SVHN, cropped digits, from the publishers' MATLAB files.

Y. Netzer et al., "Reading digits in natural images with unsupervised feature learning", NIPS
Workshop on Deep Learning and Unsupervised Feature Learning 2011.
"""

import io
import math
from typing import Any

import numpy as np
import scipy.io
import torch
from torch import Tensor

from rate_bridge.data.dataset import Dataset
from rate_bridge.data.downloads import LARGEST_FILE, DataFile, Source, found
from rate_bridge.data.images import image_dataset

_ADDRESS = "https://ufldl.stanford.edu/housenumbers"
_TRAIN = DataFile(
    "SVHN/train_32x32.mat",
    f"{_ADDRESS}/train_32x32.mat",
    "sha256:435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
)
_TEST = DataFile(
    "SVHN/test_32x32.mat",
    f"{_ADDRESS}/test_32x32.mat",
    "sha256:cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
)


def svhn(source: Source, n_validation: int = 5000) -> Dataset:
    """SVHN: 73,257 and 26,032 colour images of 32 x 32, scaled to -1..1."""
    train, train_record = _labelled(_TRAIN, source)
    test, test_record = _labelled(_TEST, source)
    provenance = {"files": [train_record, test_record]}
    return image_dataset("svhn", train, test, n_validation, (0.5, 0.5), provenance)


def _labelled(file: DataFile, source: Source) -> tuple[tuple[Tensor, Tensor], dict[str, Any]]:
    """Images (n, 3, 32, 32) and labels (n,); the file stores (32, 32, 3, n) and 10 for '0'."""
    content = found("svhn", file, source)
    try:
        for name, shape, _ in scipy.io.whosmat(io.BytesIO(content.content)):
            if math.prod(shape) > LARGEST_FILE:
                raise ValueError(f"{name} unpacks to {shape}, more than {LARGEST_FILE:,} bytes")
        arrays = scipy.io.loadmat(io.BytesIO(content.content), variable_names=["X", "y"])
        images = np.ascontiguousarray(arrays["X"].transpose(3, 2, 0, 1))
        labels = arrays["y"].astype(np.int64).ravel()
    except Exception as error:  # scipy raises a dozen kinds for a damaged file
        raise ValueError(
            f"svhn: {file.path} cannot be read as a MATLAB file with X and y ({error}). Delete it "
            f"and fetch it again from {file.url}."
        ) from error
    labels[labels == 10] = 0
    return (torch.from_numpy(images), torch.from_numpy(labels)), content.record
