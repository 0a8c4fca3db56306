"""A reference for any network: its fixed point by a root finder, its gradient by implicit
differentiation, its learning step from the rules at rest.

Where a closed form exists (Algorithm 1) this is a second witness; where none exists, the only one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.pathway import Pathway
from models.weights import WeightBundle
from rate_bridge.devices import one_thread
from rate_bridge.references.fixed_point import FixedPoint, NoFixedPointError
from rate_bridge.references.reference import Given, Reference, Values
from rate_bridge.references.rules_at_rest import change_at_rest, projected, where_synapses_are
from rate_bridge.references.vector_field import Instant, Signals, VectorField, Weights

TOLERANCE = 1e-12
"""Newton's last step, relative to 1 + |state|: some thousand roundings of float64."""

SHORTEST = 1e-3
"""Seconds of the first step, and of any: where the network gathers speed it is followed so."""

ITERATIONS = 2000
"""A layered network needs as many as it has layers; one that needs these has no rest nearby."""

SMALL = 256
"""Up to so many states matrices are so small that several threads would only wait."""

MARGINAL = 1e-6
"""Growth in Hz up to which a network stays: an eigenvalue of 0 comes out with rounding errors."""

LARGEST = 4096
"""States for which a dense Jacobian is made: 128 MiB a sample, and for many samples at once."""

Loss = Callable[[Instant], Float[Tensor, "batch"]]
"""From every variable at rest to the loss of each sample."""


@dataclass(frozen=True)
class Numerical(Reference):
    """The numerical reference of a network.

    Parameters
    ----------
    network : Network
        Any description whose equations contain neither time nor noise.

    Raises
    ------
    ValueError
        For a network without rest, without states, or with too many of them.
    """

    def __post_init__(self) -> None:
        for population in self.network.populations:
            if population.neuron.events:
                raise ValueError(
                    f"Numerical: population {population.name!r} has events and never rests; give "
                    "the network without them, or a network that names its own reference."
                )
        field = VectorField(self.network)
        if not 0 < field.size <= LARGEST:
            gib = field.size**2 * 8 / 2**30
            raise ValueError(
                f"Numerical reference: the network has {field.size} states, and at least 1 and at "
                f"most {LARGEST} fit; their Jacobian would take {gib:.1f} GiB a sample."
            )
        object.__setattr__(self, "_field", field)

    @property
    def title(self) -> str:
        """Its name in sentences."""
        return "the numerical reference"

    def tensor(self, array: np.ndarray | float) -> Tensor:
        """A copy as a tensor of float64."""
        return torch.tensor(array, dtype=torch.float64)

    @property
    def field(self) -> VectorField:
        """The network's right-hand side."""
        return self._field  # type: ignore[attr-defined]

    def fixed_point(
        self,
        signals: Given,
        weights: WeightBundle | None = None,
        start: Float[Tensor, "batch n"] | None = None,
    ) -> FixedPoint:
        """Where the network comes to rest from ``start`` (all states 0 unless told otherwise).

        Implicit Euler steps that grow as the network slows down: the first follow its dynamics, so
        that it is led to a rest that it would reach, the last are Newton's.

        Raises
        ------
        NoFixedPointError
            If it does not come to rest; names the sample and what is left.
        ValueError
            For signals or weights that do not fit.
        """
        return self._fixed_point(self.field.signals(signals), self.tensors(weights), start)

    def _fixed_point(
        self, shown: Signals, matrices: Weights, start: Tensor | None = None
    ) -> FixedPoint:
        rows = max((len(value) for value in shown.values()), default=1)
        states = torch.zeros(rows, self.field.size, dtype=torch.float64)
        if start is not None:
            states = states + start
        with self._threads():
            states, residual = _rest(self.field, states, shown, matrices)
        worst = int(residual.argmax())
        if not bool(residual[worst] < TOLERANCE):
            raise NoFixedPointError(
                f"No fixed point from this start: after {ITERATIONS} steps sample {worst} is still "
                f"{float(residual[worst]):.1e} away (relative to 1 + |state|). It may oscillate "
                "or run away; try another start or smaller weights."
            )
        with self._threads():
            jacobian = self.field.jacobian(states, shown, matrices)
            found = torch.linalg.eigvals(jacobian)
        if any(float(pathway.delay) > 0 for pathway in self.network.pathways):
            found = torch.full_like(found, torch.nan)
        growth = found.real.amax(-1)
        step = (-2 * found.real / found.abs() ** 2).amin(-1).where(growth < 0, torch.nan)
        at_rest = self.field.at(states, shown, matrices)
        return FixedPoint(states, residual, growth, step, at_rest)

    def _stable_point(self, shown: Signals, matrices: Weights) -> FixedPoint:
        """The rest that is reached from all states 0, if the network would stay there."""
        rest = self._fixed_point(shown, matrices)
        worst = float(rest.growth_hz.nan_to_num(0.0).max())
        if worst > MARGINAL:
            raise NoFixedPointError(
                f"The rest that is found from all states 0 is unstable: a small push grows at "
                f"{worst:.3g} per second, so the network goes elsewhere. Look at the others with "
                "Numerical(network).equilibria(signals)."
            )
        return rest

    def _threads(self) -> AbstractContextManager[None]:
        return one_thread() if self.field.size <= SMALL else nullcontext()

    def equilibria(
        self,
        signals: Given,
        weights: WeightBundle | None = None,
        starts: int = 8,
        spread: float = 1.0,
        seed: int = 0,
    ) -> list[FixedPoint]:
        """The different fixed points that are found from rest and from random starts.

        Parameters
        ----------
        signals, weights
            As for :meth:`fixed_point`, with one row.
        starts : int
            How many random starts, beside rest.
        spread : float
            Their standard deviation, in SI units.
        seed : int
            For torch's generator.
        """
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(starts, 1, self.field.size, generator=generator, dtype=torch.float64)
        found: list[FixedPoint] = []
        for start in (torch.zeros_like(noise[0]), *(spread * noise)):
            try:
                rest = self.fixed_point(signals, weights, start)
            except NoFixedPointError:
                continue
            # two that are closer than a thousand residuals are one
            if all(bool((rest.states - other.states).abs().max() > 1e-9) for other in found):
                found.append(rest)
        return found

    def equilibrium(self, signals: Given, weights: WeightBundle | None = None) -> Values:
        """Every variable of every population at the rest that is reached from all states 0."""
        rest = self._stable_point(self.field.signals(signals), self.tensors(weights))
        return {
            (variable, population.name): rest.instant(population.name, variable).numpy(force=True)
            for population in self.network.populations
            for variable in population.neuron.variables
        }

    def gradient(
        self,
        loss: Loss,
        signals: Given,
        weights: WeightBundle | None = None,
    ) -> dict[str, Float[np.ndarray, "n_above n_below"]]:
        r"""The gradient of a loss at rest by every weight, summed over the batch.

        With f(z*, W) = 0: dL/dW = \partial L/\partial W - \lambda^T \partial f/\partial W, where
        (\partial f/\partial z)^T \lambda = \partial L/\partial z (implicit function theorem).
        """
        rest = self.fixed_point(signals, weights)
        shown = self.field.signals(signals)
        matrices = {k: w.requires_grad_() for k, w in self.tensors(weights).items()}
        states = rest.states.clone().requires_grad_()
        value = loss(self.field.at(states, shown, matrices)).sum()
        (pull,) = torch.autograd.grad(value, states)
        fixed = {name: matrix.detach() for name, matrix in matrices.items()}
        jacobian = self.field.jacobian(rest.states, shown, fixed)
        adjoint = torch.linalg.solve(jacobian.mT, pull)
        direct = loss(self.field.at(rest.states, shown, matrices)).sum()
        change = self.field.derivative(rest.states, shown, matrices)
        total = direct - (adjoint * change).sum()
        pathways = self.network.pathways
        wanted = [matrices[pathway.name] for pathway in pathways]
        found = torch.autograd.grad(total, wanted, materialize_grads=True, allow_unused=True)
        return {
            pathway.name: where_synapses_are(pathway, grad).numpy()
            for pathway, grad in zip(pathways, found, strict=True)
        }

    def change(self, weights: Weights, signals: Signals) -> dict[str, Tensor]:
        """The change of every plastic weight in one presentation that is spent at rest.

        Weights stand still within it; the batch's changes are averaged. A weight goes no further
        than to its bound, and where there is no synapse nothing changes.

        Raises
        ------
        ValueError
            For a rule with a state of its own that does not come to rest, or one that does not
            learn in proportion to ``learning``.
        NoFixedPointError
            Where the network would not stay.
        """
        shown = {name: np.asarray(value) for name, value in signals.items()}
        return {
            pathway.name: projected(pathway, weights[pathway.name], change.mean(0))
            for pathway, change in self._changes(shown, weights)
        }

    def each(self, signals: Given) -> dict[str, Float[np.ndarray, "batch _n_above _n_below"]]:
        """Every sample's own step, from the network's weights; many rests at once."""
        weights = self.tensors()
        parts = [
            {
                pathway.name: projected(pathway, weights[pathway.name], change)
                for pathway, change in self._changes(part, weights)
            }
            for part in self._parts(signals)
        ]
        return {n: torch.cat([part[n] for part in parts]).numpy(force=True) for n in parts[0]}

    def outputs(
        self, signals: Given, weights: WeightBundle | None = None
    ) -> Float[np.ndarray, "batch n_out"]:
        """The network's readout at rest, so many samples at once as their Jacobians allow."""
        parts = [super(Numerical, self).outputs(p, weights) for p in self._parts(signals)]
        return np.concatenate(parts)

    def _changes(self, signals: Given, weights: Weights) -> Iterator[tuple[Pathway, Tensor]]:
        """Every plastic pathway, and its change by each sample, (batch, n_above, n_below)."""
        shown = self.field.signals(signals)
        instant = self._stable_point(shown, weights).instant
        for pathway in self.network.pathways:
            if pathway.rule is not None:
                yield pathway, change_at_rest(pathway, instant, weights, shown)

    def _parts(self, signals: Given) -> Iterator[dict[str, np.ndarray]]:
        """The rows of all signals, in parts whose Jacobians together have a bounded size."""
        arrays = {name: np.atleast_2d(np.asarray(value)) for name, value in signals.items()}
        rows = max((len(array) for array in arrays.values()), default=1)
        many = max(1, LARGEST**2 // self.field.size**2)
        for first in range(0, rows, many):
            here = slice(first, first + many)
            yield {name: a if len(a) == 1 else a[here] for name, a in arrays.items()}


def _rest(
    field: VectorField, states: Tensor, signals: Signals, weights: Weights
) -> tuple[Tensor, Tensor]:
    """States at rest, and Newton's last step relative to 1 + |state|, for every sample."""
    eye = torch.eye(field.size, dtype=states.dtype)
    speed = field.derivative(states, signals, weights)
    time = torch.full((len(states),), SHORTEST, dtype=states.dtype)
    residual = torch.full_like(time, torch.inf)
    for _ in range(ITERATIONS):
        jacobian = field.jacobian(states, signals, weights)
        moved = torch.linalg.solve(eye / time[:, None, None] - jacobian, speed)
        states = states + moved
        after = field.derivative(states, signals, weights)
        slowed = (speed.norm(dim=-1) / after.norm(dim=-1)).nan_to_num(torch.inf)  # 0/0: at rest
        time = (time * slowed.clamp(0.5, 1e3)).clamp(SHORTEST, 1e12)
        speed = after
        relative = moved.abs() / (1 + states.abs())
        residual = torch.where(time > 1e3, relative.amax(-1), torch.inf)
        if bool((residual < TOLERANCE).all()) or not bool(torch.isfinite(states).all()):
            break
    return states, residual.nan_to_num(torch.inf)
