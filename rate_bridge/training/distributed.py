"""Several processes that take the same step as one.

Every process takes the gradient of the mean loss over its own samples, as a rule with a decay or a
product of two errors needs it (both would come out wrong if gradients of partial sums were added).
The gradients are then averaged, each weighted by its share of the batch, so that a last batch that
cannot be cut evenly is right too.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor, nn


@dataclass(frozen=True)
class World:
    """How many processes take part, and which one this is."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def share(self, index: Int64[Tensor, " batch"]) -> Int64[Tensor, " local"]:
        """This process' samples of a batch; may be empty at the end of an epoch."""
        return index[self.rank :: self.size]


ALONE = World()


@contextmanager
def joined(backend: str = "gloo") -> Iterator[World]:
    """The world that ``torchrun`` describes in the environment, or one process.

    Raises
    ------
    RuntimeError
        If ``torchrun`` announces other processes that do not come.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    torch.distributed.init_process_group(backend)
    try:
        yield World(torch.distributed.get_rank(), torch.distributed.get_world_size())
        torch.distributed.barrier()  # one that leaves early takes the connection from the others
    finally:
        torch.distributed.destroy_process_group()


def start_equal(model: nn.Module, world: World) -> None:
    """Give every process the parameters and buffers of the first."""
    if world.size > 1:
        for tensor in (*model.parameters(), *model.buffers()):
            torch.distributed.broadcast(tensor.data, src=0)


def average_gradients(parameters: Iterable[nn.Parameter], world: World, weight: float) -> None:
    """Replace each gradient by its average over the processes (one message for all).

    ``weight`` is this process' share of the batch; the shares add up to 1. A parameter without
    a gradient here counts as zero.
    """
    if world.size == 1:
        return
    gradients = []
    for parameter in parameters:
        if parameter.requires_grad:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients]) * weight
    torch.distributed.all_reduce(flat)
    pieces = flat.split([gradient.numel() for gradient in gradients])
    for gradient, piece in zip(gradients, pieces, strict=True):
        gradient.copy_(piece.view_as(gradient))


def summed(value: float, world: World) -> float:
    """A number's sum over the processes."""
    if world.size == 1:
        return value
    total = torch.tensor(value, dtype=torch.float64)
    torch.distributed.all_reduce(total)
    return float(total)
