"""The 8 x 8 digits that come with scikit-learn (UCI Optical Recognition of Handwritten Digits)."""

import hashlib

import numpy as np
import sklearn
import torch
from sklearn.datasets import load_digits

from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.downloads import Source
from rate_bridge.data.splits import held_out


def digits(source: Source | None = None, n_validation: int = 180, n_test: int = 360) -> Dataset:
    """1,797 grey images of 8 x 8, scaled to -1..1. Needs no file: ``source`` is not read."""
    images, labels = load_digits(return_X_y=True)
    record = {
        "file": f"scikit-learn {sklearn.__version__}: load_digits",
        "hash": f"sha256:{hashlib.sha256(images.astype('<f8').tobytes()).hexdigest()}",
        "official": True,
    }
    kept, test, test_cut = held_out("digits, test", len(images), n_test)
    inner, held, validation_cut = held_out("digits, validation", len(kept), n_validation)
    inputs = torch.from_numpy((images / 8 - 1).astype(np.float32)).reshape(-1, 1, 8, 8)
    targets = torch.from_numpy(labels.astype(np.int64))

    def split(index: torch.Tensor) -> Split:
        return Split(inputs[index], targets[index])

    provenance = {
        "files": [record],
        "split": {"test": test_cut, "validation": validation_cut},
        "scaling": {"mean": 0.5, "deviation": 0.5, "of": "value / 16", "augmentation": None},
    }
    return Dataset(
        "digits", "classes", split(kept[inner]), split(kept[held]), split(test), 10, provenance
    )
