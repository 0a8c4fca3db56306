"""Random numbers of a time step: one generator for each copy, or numbers that are given."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Number

import numpy as np
import torch
from torch import Tensor

from compartments.checks import check_sequence
from compartments.domains import LARGEST_SEED, Seed, check_value
from compartments.noise import Draw
from compartments.recording import trace_name
from models.network import Network
from models.sampling import SIMULATE
from rate_bridge.ode_engine.block import Call, Level, Node
from rate_bridge.ode_engine.buffers import Buffers


class Drawn:
    """Everything that a network draws, in buffers that a step fills.

    Parameters
    ----------
    nets : sequence of Network
        One, or the copies.
    buffers : Buffers
        Gives shapes.
    dt_s : float
        Time step in seconds: white noise is a normal number over its square root.
    seed : int or sequence of int
        One for each copy; copy k of a single seed has seed + k. A copy draws what it would alone.
    given : mapping of str to array, (step, [copy,] [batch,] n)
        Numbers in place of draws, by the names of traces.
    """

    def __init__(
        self,
        nets: Sequence[Network],
        buffers: Buffers,
        dt_s: float,
        seed: int | Sequence[int],
        given: Mapping[str, np.ndarray],
    ) -> None:
        self._buffers, self._white_scale, self._step = buffers, dt_s**-0.5, 0
        self._generators = [
            torch.Generator(buffers.device).manual_seed(one) for one in _seeds(seed, len(nets))
        ]
        self._numbers: list[tuple[Draw, Tensor, Tensor | None]] = []
        self._places: dict[tuple[str, str], tuple[Draw, Tensor]] = {}
        self._given: dict[tuple[str, str], Tensor | None] = {}
        for population in nets[0].populations:
            for draw in population.neuron.draws:
                target = buffers.zeros(buffers.batch, population.size)
                values = given.get(trace_name(draw.name, population.name))
                self._places[population.name, draw.name] = draw, target
                numbers = None if values is None else _as(values, target)
                self._given[population.name, draw.name] = numbers
                self._numbers.append((draw, target, numbers))

    def calls(self) -> list[Call]:
        """What fills the buffers, at the beginning of a step."""
        return [Call(self.fill, Level.MOVING)] if self._numbers else []

    def leaves(self, population: str) -> dict[str, Node]:
        """What the names of a population's draws stand for."""
        found = {}
        for (owner, name), (draw, target) in self._places.items():
            if owner == population:
                found[name if draw.is_white else number_of(name)] = Node(target, Level.MOVING)
        return found

    def fill(self) -> None:
        """The numbers of one step."""
        for draw, target, given in self._numbers:
            if draw.is_count:
                continue  # drawn when its mean is known: count
            if given is not None:
                target.copy_(given[self._step].expand_as(target))
            else:
                for generator, own in zip(self._generators, self._copies(target), strict=True):
                    if draw.is_uniform:
                        own.uniform_(generator=generator)
                    else:
                        own.normal_(generator=generator)
            if draw.is_white:
                target.mul_(self._white_scale)
        self._step += 1

    def count(self, population: str, event: str, mean: Tensor, out: Tensor) -> None:
        """Put into ``out`` how many cells have an event of this step, whose mean is known now."""
        given = self._given[population, event]
        if given is not None:
            out.copy_(given[self._step - 1].expand_as(out))
            return
        means, own = self._copies(mean), self._copies(out)
        for generator, one, target in zip(self._generators, means, own, strict=True):
            target.copy_(torch.poisson(one, generator=generator))

    def _copies(self, tensor: Tensor) -> Sequence[Tensor]:
        return tensor.unbind(0) if self._buffers.lead else (tensor,)


def number_of(name: str) -> str:
    """What stands for the number that an expression draws."""
    return f"{name}__drawn"


def _seeds(seed: int | Sequence[int], copies: int) -> list[int]:
    if isinstance(seed, Number | str | bytes) or seed is None:
        check_value(SIMULATE, "seed", seed, Seed)
    if isinstance(seed, Integral):
        return [(int(seed) + k) % (LARGEST_SEED + 1) for k in range(copies)]
    listed = check_sequence(SIMULATE, "seed", seed, "seeds")
    if len(listed) != copies:
        raise ValueError(f"{SIMULATE}: {len(listed)} seeds for {copies} copies; give one each.")
    for one in listed:
        check_value(SIMULATE, "seed", one, Seed)
    return [int(one) for one in listed]


def _as(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.as_tensor(values).to(like.device, like.dtype)
