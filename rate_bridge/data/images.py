"""What the image sets share: bytes to scaled floating point, and the validation part."""

from typing import Any

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.splits import held_out

Labelled = tuple[Tensor, Tensor]


def scaled(
    images: UInt8[Tensor, "n channel height width"], mean: float, deviation: float
) -> Float[Tensor, "n channel height width"]:
    """Bytes 0..255 as ``(byte / 255 - mean) / deviation``."""
    return images.to(torch.float32).mul_(1 / (255 * deviation)).sub_(mean / deviation)


def image_dataset(
    name: str,
    train: Labelled,
    test: Labelled,
    n_validation: int,
    scaling: tuple[float, float],
    provenance: dict[str, Any],
    n_classes: int = 10,
) -> Dataset:
    """A data set of images, ``n_validation`` of the training images held out.

    Parameters
    ----------
    train, test : tuple of Tensor
        Bytes (n, channel, height, width) and labels (n,).
    n_validation : int
        Training images that are held out by a fixed permutation.
    scaling : (mean, deviation)
        See :func:`scaled`.
    provenance : dict
        What is known so far; the split and the scaling are added.

    Raises
    ------
    ValueError
        If images and labels do not match, or as in :class:`Dataset`.
    """
    for part, (images, labels) in (("train", train), ("test", test)):
        if len(images) != len(labels):
            raise ValueError(f"{name}, {part}: {len(images)} images but {len(labels)} labels.")
    images, labels = train
    kept, held, record = held_out(f"{name}, validation", len(images), n_validation)
    provenance = {
        **provenance,
        "split": {"validation": record, "test": "official"},
        "scaling": {"mean": scaling[0], "deviation": scaling[1], "augmentation": None},
    }

    def split(images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"]) -> Split:
        return Split(scaled(images, *scaling), labels)

    return Dataset(
        name,
        "classes",
        split(images[kept], labels[kept]),
        split(images[held], labels[held]),
        split(*test),
        n_classes,
        provenance,
    )
