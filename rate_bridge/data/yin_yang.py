"""Yin-Yang: points in a disc, of three classes (Kriener, Goeltz & Petrovici 2022, NICE).

Three classes of which a straight line parts none; small enough for hundreds of runs. A network
without hidden neurons, or with frozen ones, stays far behind one that learns all its layers.
"""

import hashlib

import numpy as np
import torch
from jaxtyping import Float, Int

from compartments.domains import Count, Seed, check_value
from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.downloads import Source

DISC_RADIUS = 0.5  # of the disc, about (DISC_RADIUS, DISC_RADIUS)
DOT_RADIUS = 0.1  # radius of each of the two dots
REGIONS = ("yang", "yin", "dot")


def yin_yang_class(x: Float[np.ndarray, "*n"], y: Float[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    """The class of points of the disc: 0 yang, 1 yin, 2 a dot.

    With d_r and d_l the distances to the dots' centres, right and left: a dot is what is nearer to
    one than its radius; yin what is in the left half-disc's head but not its dot, or above the
    middle line and outside of the right one's head; yang the rest.
    """
    right = np.hypot(x - 1.5 * DISC_RADIUS, y - DISC_RADIUS)
    left = np.hypot(x - 0.5 * DISC_RADIUS, y - DISC_RADIUS)
    dot = (right < DOT_RADIUS) | (left < DOT_RADIUS)
    head = (left > DOT_RADIUS) & (left <= DISC_RADIUS / 2)
    yin = (right <= DOT_RADIUS) | head | ((y > DISC_RADIUS) & (right > DISC_RADIUS / 2))
    return np.where(dot, 2, np.where(yin, 1, 0))


def yin_yang_points(
    count: int, seed: int
) -> tuple[Float[np.ndarray, "count 4"], Int[np.ndarray, "count"]]:
    """Features (x, y, 1 - x, 1 - y) and classes, each class as likely as another.

    A class is drawn, then points of the square until one is of that class and in the disc.

    Raises
    ------
    ValueError
        For a number or a seed that is none.
    """
    check_value("Yin-Yang", "count", count, Count)
    check_value("Yin-Yang", "seed", seed, Seed)
    generator = np.random.default_rng(seed)
    classes = generator.integers(0, len(REGIONS), count)
    points, open_ = np.empty((count, 2)), np.arange(count)
    while len(open_):
        drawn = generator.uniform(0, 2 * DISC_RADIUS, (len(open_), 2))
        x, y = drawn.T
        inside = np.hypot(x - DISC_RADIUS, y - DISC_RADIUS) <= DISC_RADIUS
        fits = inside & (yin_yang_class(x, y) == classes[open_])
        points[open_[fits]] = drawn[fits]
        open_ = open_[~fits]
    return np.concatenate([points, 1 - points], 1), classes


def yin_yang(
    source: Source | None = None,
    n_train: int = 5000,
    n_validation: int = 1000,
    n_test: int = 1000,
    seed: int = 42,
) -> Dataset:
    """Points of the disc; parts are drawn with ``seed``, ``seed + 1`` and ``seed + 2``.

    Needs no file: ``source`` is not read.

    Raises
    ------
    ValueError
        For a number or a seed that is none.
    """
    check_value("Yin-Yang", "seed", seed, Seed)
    digest, parts = hashlib.sha256(), []
    for k, count in enumerate((n_train, n_validation, n_test)):
        features, classes = yin_yang_points(count, seed + k)
        digest.update(features.astype("<f8").tobytes() + classes.astype("<i8").tobytes())
        inputs = torch.from_numpy(features.astype(np.float32))
        parts.append(Split(inputs, torch.from_numpy(classes.astype(np.int64))))
    record = {
        "file": f"drawn with numpy {np.__version__}, seeds {seed} to {seed + 2}",
        "hash": f"sha256:{digest.hexdigest()}",
        "official": True,
    }
    provenance = {
        "files": [record],
        "split": {"train": seed, "validation": seed + 1, "test": seed + 2},
        "scaling": {"mean": 0.0, "deviation": 1.0, "of": "value", "augmentation": None},
    }
    train, validation, test = parts
    return Dataset("yin-yang", "classes", train, validation, test, len(REGIONS), provenance)
