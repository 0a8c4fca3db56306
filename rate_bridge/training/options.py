"""How a network is trained: every number of it, each with its domain."""

import math
from dataclasses import dataclass
from typing import Literal

import torch

from compartments.domains import Count, NonNegative, Positive, Seed, Share, check_fields
from compartments.sizes import check_size
from rate_bridge.devices import available_device

BATCH_SECONDS = 3e-5
"""The least that a step of the smallest network takes."""

EPOCH_SECONDS = 1e-4
"""The least that an epoch takes beside its steps: the validation part's scores."""

EPOCH_BYTES = 1000
"""About what an epoch's entry in the history takes."""


@dataclass(frozen=True)
class Options:
    """How a network is trained. Every field enters the result and binds a checkpoint."""

    epochs: Count = 30
    """Passes over the training part. With 30 of 32 samples a step the rules are at their plateau on
    the digits: validation accuracy of bp 93.5, 95.6, 94.8, 95.2 % after 5, 10, 20, 30 epochs, of
    dll-minus 91.7, 94.1, 94.8, 94.8 % (three seeds)."""
    batch_size: Count = 32
    """Samples a step, over all processes."""
    lr: Positive = 1e-3
    """Learning rate of the forward weights at the start."""
    theta_lr: NonNegative | None = None
    """Learning rate of the feedback weights; by default `lr` times the rule's own ratio."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """`linear`: lr times (1 - epoch / epochs), as in the released code."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam with (0.9, 0.999, 1e-8), or plain gradient descent."""
    weight_decay: NonNegative = 0.0
    """Each step takes lr times this part off every weight that learns (decoupled, as AdamW)."""
    loss: Literal["cross-entropy", "mse"] = "cross-entropy"
    """For classes; a time series is always trained on the squared error."""
    label_smoothing: Share = 0.0
    """Part of the target that is spread over all classes."""
    clip: Positive | None = None
    """Bound on each entry of a gradient; none by default."""
    patience: Count | None = None
    """Stop after so many epochs without a better validation score; never by default."""
    precision: Literal["float32", "float64", "bfloat16"] = "float32"
    """bfloat16 is autocast. There is no float16: its loss scaling would enter a rule that is
    quadratic in the error twice."""
    device: str = "cpu"
    """Any device that torch knows."""
    seed: Seed = 0
    """Of the order of samples and of anything random in the model's steps."""

    def __post_init__(self) -> None:
        check_fields(self)
        available_device(self.device)
        self._check_end(EPOCH_SECONDS)

    @property
    def least_epochs(self) -> int:
        """Epochs after which it may end: all of them, or the first ones that patience allows."""
        return self.epochs if self.patience is None else min(self.epochs, 1 + self.patience)

    def check_length(self, steps: int) -> None:
        """Refuse epochs of so many steps where they need more memory than is free, or a year.

        Raises
        ------
        MemoryError, ValueError
            With the predicted size and duration.
        """
        self._check_end(EPOCH_SECONDS + steps * BATCH_SECONDS, EPOCH_BYTES)

    def _check_end(self, epoch_seconds: float, epoch_bytes: float = 0) -> None:
        least = self.least_epochs
        check_size(
            f"Training for {least} epochs",
            "epochs",
            needed_bytes=least * epoch_bytes,
            least_seconds=least * epoch_seconds,
        )

    @property
    def dtype(self) -> torch.dtype:
        """Type of weights and inputs."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def factor(self, epoch: int) -> float:
        """What the learning rates are multiplied by in ``epoch`` (from 0)."""
        done = epoch / self.epochs
        if self.schedule == "linear":
            return 1 - done
        return 0.5 * (1 + math.cos(math.pi * done)) if self.schedule == "cosine" else 1.0
