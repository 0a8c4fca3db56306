"""A data set as tensors: three parts, what they hold, and where they come from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

Kind = Literal["classes", "series"]
Task = Literal["images", "sentences", "characters", "series"]


@dataclass(frozen=True)
class Split:
    """One part of a data set, held whole.

    Attributes
    ----------
    inputs : Tensor, (n, ...)
        Floating point; or int64 codes (n, length) that ``table`` turns into vectors.
    targets : Tensor
        Class numbers, int64 (n,) or (n, length); or values, float (n, length, n_out).
    table : Tensor, (n_codes, width), optional
        Row ``c`` stands for code ``c``: a one-hot or embedding vector.
    """

    inputs: Shaped[Tensor, "n ..."]
    targets: Shaped[Tensor, "n ..."]
    table: Float[Tensor, "n_codes width"] | None = None

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ValueError(
                f"{len(self.inputs)} inputs but {len(self.targets)} targets in one split."
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, index: Int64[Tensor, " batch"]) -> tuple[Tensor, Tensor]:
        """Inputs and targets of the samples ``index``; codes come out as vectors."""
        inputs = self.inputs[index]
        if self.table is not None:
            inputs = torch.nn.functional.embedding(inputs, self.table)
        return inputs, self.targets[index]

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Split":
        """The same part on ``device``, its floating point tensors as ``dtype``."""

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)

        table = None if self.table is None else moved(self.table)
        return Split(moved(self.inputs), moved(self.targets), table)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test part.

    Attributes
    ----------
    name : str
    kind : {"classes", "series"}
        Whether targets are class numbers or values.
    train, validation, test : Split
    n_out : int
        Number of classes, or of values predicted at each step.
    provenance : dict
        Files with their hashes, how the parts were cut, how inputs were scaled.
    rare_classes : bool
        Whether a class may have no training sample, as a rare character.
    n_codes : int or None
        How many codes there are, where inputs are codes.

    Raises
    ------
    ValueError
        For a label outside ``0..n_out-1``, or a class without a training sample.
    """

    name: str
    kind: Kind
    train: Split
    validation: Split
    test: Split
    n_out: int
    provenance: dict[str, Any]
    rare_classes: bool = False
    n_codes: int | None = None

    def __post_init__(self) -> None:
        if self.kind == "classes":
            for part, split in self.parts():
                check_labels(f"{self.name}, {part}", split.targets, self.n_out)
            if not self.rare_classes:
                check_classes(f"{self.name}, train", self.train.targets, self.n_out)

    def parts(self) -> Iterator[tuple[str, Split]]:
        """The three parts with their names."""
        return iter((("train", self.train), ("validation", self.validation), ("test", self.test)))

    def to(self, device: torch.device | str, dtype: torch.dtype = torch.float32) -> "Dataset":
        """The same data set on ``device``."""
        return replace(
            self,
            train=self.train.to(device, dtype),
            validation=self.validation.to(device, dtype),
            test=self.test.to(device, dtype),
        )

    @property
    def task(self) -> Task:
        """Values at every step, classes at every step, classes of codes, or classes of values."""
        if self.kind == "series":
            return "series"
        if self.train.targets.dim() > 1:
            return "characters"
        return "images" if self.train.inputs.is_floating_point() else "sentences"

    @property
    def n_in(self) -> int:
        """Length of one input vector: the last axis of a batch."""
        table = self.train.table
        return self.train.inputs.shape[-1] if table is None else table.shape[1]


def check_labels(where: str, labels: Int64[Tensor, "..."], n_classes: int) -> None:
    """Raise ``ValueError`` at the first label outside ``0..n_classes-1``."""
    bad = ((labels < 0) | (labels >= n_classes)).flatten().nonzero()
    if len(bad):
        first = int(bad[0])
        raise ValueError(
            f"{where}: label {int(labels.flatten()[first])} at position {first} is out of range, "
            f"expected 0..{n_classes - 1} ({len(bad)} such labels). Check how the file numbers "
            f"its classes, or give the right number of classes."
        )


def check_classes(where: str, labels: Int64[Tensor, "..."], n_classes: int) -> None:
    """Raise ``ValueError`` if a class has no sample."""
    counts = torch.bincount(labels.flatten(), minlength=n_classes)
    empty = (counts == 0).nonzero().flatten().tolist()
    if empty:
        raise ValueError(
            f"{where}: no sample of class {', '.join(map(str, empty[:8]))} "
            f"({len(empty)} of {n_classes} classes are empty). Use more samples or fewer classes."
        )
