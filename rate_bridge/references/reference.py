"""What a reference is: where a network rests, and what it learns there.

A reference stands beside the engines that step through time. It says what a network settles to
while its signals are constant, and how its weights change in a presentation that is spent there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from compartments.checks import check_callable, check_kind
from compartments.domains import Count, check_value
from models.checks import check_signals
from models.network import Network
from models.schedule import Schedule
from models.weights import WeightBundle, check_bundle

Given = Mapping[str, np.ndarray | float]
"""From a signal's name to what is shown, (batch, n). What is given is on, unless ``<name>_on``,
(batch, 1), says 0; what is not given is off."""

Values = dict[tuple[str, str], Float[np.ndarray, "batch n"]]
"""Values by (variable, population)."""


@dataclass(frozen=True)
class Reference(ABC):
    """A network at rest.

    Parameters
    ----------
    network : Network
        The description that the engines run.
    """

    network: Network

    @property
    @abstractmethod
    def title(self) -> str:
        """Its name in sentences."""

    @abstractmethod
    def equilibrium(self, signals: Given, weights: WeightBundle | None = None) -> Values:
        """What the network settles to; with the network's own weights unless others are given.

        Raises
        ------
        ValueError
            For signals or weights that do not fit.
        """

    @abstractmethod
    def change(
        self, weights: Mapping[str, Tensor], signals: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The change of every plastic weight in one presentation, averaged over the batch."""

    @abstractmethod
    def tensor(self, array: np.ndarray | float) -> Tensor:
        """A copy as a tensor of the right type, on the right device."""

    def tensors(self, weights: WeightBundle | None = None) -> dict[str, Tensor]:
        """Every weight by its name, as a tensor.

        Raises
        ------
        ValueError
            For weights of another network.
        TypeError
            For weights that are no :class:`WeightBundle`.
        """
        weights = self.network.weights if weights is None else weights
        check_bundle(self.title, weights)
        weights.check_fits(self.network.weight_shapes, self.title)
        return {name: self.tensor(array) for name, array in weights.items()}

    @property
    def single(self) -> Self:
        """The same with numbers of single precision, where it can compute with them."""
        return self

    def factors(
        self, signals: Given
    ) -> dict[str, tuple[Float[Tensor, "batch _n_above"], Float[Tensor, "batch _n_below"]]]:
        """Steps that are outer products, by weights: of each sample both factors, without the rate.

        Empty where the reference knows of none.
        """
        return {}

    def outputs(
        self, signals: Given, weights: WeightBundle | None = None
    ) -> Float[np.ndarray, "batch n_out"]:
        """The network's readout at rest.

        Raises
        ------
        ValueError
            For a network that names no readout.
        """
        population, variable = readout(self.network)
        return self.equilibrium(signals, weights)[variable, population]

    def step(self, signals: Given, weights: WeightBundle | None = None) -> dict[str, np.ndarray]:
        """The change of every plastic weight, (n_above, n_below), averaged over the batch."""
        shown = {name: self.tensor(value) for name, value in signals.items()}
        changes = self.change(self.tensors(weights), shown)
        return {name: change.numpy(force=True) for name, change in changes.items()}

    def steps(
        self,
        signals: Given,
        history: Mapping[str, Float[np.ndarray, "presentation _n_above _n_below"]],
    ) -> dict[str, Float[np.ndarray, "presentation _n_above _n_below"]]:
        """Each row's step, taken from its own weights."""
        shown = {name: self.tensor(value) for name, value in signals.items()}
        stacked = {name: self.tensor(array) for name, array in history.items()}
        rows = [
            self.change(
                {name: array[row] for name, array in stacked.items()},
                {name: value[row : row + 1] for name, value in shown.items()},
            )
            for row in range(len(next(iter(stacked.values()))))
        ]
        return {name: torch.stack([r[name] for r in rows]).numpy(force=True) for name in rows[0]}

    def each(self, signals: Given) -> dict[str, Float[np.ndarray, "batch _n_above _n_below"]]:
        """Every sample's own step, from the network's weights."""
        rows = max(len(np.atleast_2d(value)) for value in signals.values())
        weights = self.network.weights
        history = {n: np.broadcast_to(a, (rows, *a.shape)) for n, a in weights.items()}
        return self.steps(signals, history)

    def learn(
        self,
        schedule: Schedule,
        *,
        batch: int = 1,
        progress: Callable[[float], None] | None = None,
        visit: Callable[[int, Mapping[str, Tensor]], None] | None = None,
    ) -> WeightBundle:
        """Weights after one step for each presentation (or batch of them), in their order.

        Parameters
        ----------
        schedule : Schedule
            Only what is shown matters here, not for how long.
        batch : int
            Presentations in one step; their changes are averaged.
        progress : callable, optional
            Called with the fraction that is done.
        visit : callable, optional
            Called before every step with the presentation's number and the weights as they are
            then (copy what is to be kept).

        Raises
        ------
        ValueError
            For a waveform, or signals that are not the network's.
        TypeError
            For what is no schedule.
        FloatingPointError
            When weights stop being finite; says at which step.
        """
        check_kind(self.title, "schedule", schedule, Schedule, "Schedule({'stimulus': inputs})")
        check_value(self.title, "batch", batch, Count)
        for name, function in (("progress", progress), ("visit", visit)):
            check_callable(self.title, name, function)
        signals = {name: self.tensor(value) for name, value in constant_signals(schedule).items()}
        check_signals(self.network, schedule)
        weights = self.tensors()
        for start in range(0, len(schedule), batch):
            rows = slice(start, start + batch)
            if visit is not None:
                visit(start, weights)
            shown = {name: value[rows] for name, value in signals.items()}
            for name, change in self.change(weights, shown).items():
                weights[name] += change
            if progress is not None and start % (100 * batch) == 0:
                progress(start / len(schedule))
            if start % (100 * batch) == 0 or start + batch >= len(schedule):
                self._check_finite(weights, start)
        return WeightBundle({name: tensor.numpy(force=True) for name, tensor in weights.items()})

    def _check_finite(self, weights: Mapping[str, Tensor], presentation: int) -> None:
        for name, tensor in weights.items():
            if not bool(torch.isfinite(tensor).all()):
                raise FloatingPointError(
                    f"{self.title} diverged: {name} is not finite by presentation {presentation}. "
                    "Lower the learning rates (eta)."
                )


def constant_signals(schedule: Schedule) -> dict[str, Float[np.ndarray, "presentation n"]]:
    """What a schedule shows, signal by signal; 0 where it is off, and ``<name>_on`` beside it.

    Raises
    ------
    ValueError
        For a waveform: a network does not come to rest under it.
    """
    found = {}
    for name in schedule.signals:
        on = schedule.on(name)[:, None]
        found[name] = schedule.constant(name) * on
        found[f"{name}_on"] = on
    return found


def readout(network: Network) -> tuple[str, str]:
    """The population and its variable that answer.

    Raises
    ------
    ValueError
        For a network that names none.
    """
    if network.readout is None:
        raise ValueError(
            "The network names no readout, so it gives no answers; describe it with "
            "Network(..., readout=('output', 'u')), a population and one of its variables."
        )
    return network.readout
