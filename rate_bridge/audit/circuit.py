r"""A described network as a function of every named value in it, and its derivative.

Each equation is a node: it is computed from the values that it names while all others are held.
So the nonzeros of :math:`\partial(\text{equation})/\partial(\text{value})` are exactly what that
equation reads, and nothing that reaches it through a third value. The function is that of
:mod:`rate_bridge.references.vector_field` and :mod:`rate_bridge.references.rules_at_rest`, made of
the strings that all engines run.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from compartments.plasticity import LEARNING
from models.network import Network
from models.pathway import Pathway
from rate_bridge.audit.reads import Scalars, spans
from rate_bridge.references.rules_at_rest import synaptic_derivatives
from rate_bridge.references.vector_field import CLOCK, VectorField

ROUNDING = 1e-10
"""Of a row's largest entry: a million roundings of float64; what is not read is exactly 0."""

GENERIC_STATES = 8
"""Generic states: what a step lets through at every second one stays hidden once in 256."""


@dataclass(frozen=True, eq=False)
class OpenCircuit:
    """A network whose every value can be set.

    Parameters
    ----------
    network : Network
        Any description; equations may contain the time and noise.

    Raises
    ------
    ValueError
        For cells that send events: what jumps at an event is in no derivative.
    UntranslatableError
        For an expression without a counterpart in torch.
    """

    network: Network

    def __post_init__(self) -> None:
        for population in self.network.populations:
            if population.neuron.events:
                raise ValueError(
                    f"Reads: cells of {population.name!r} have events, and what jumps at an event "
                    "is in no derivative; audit the same network with rates."
                )

    @cached_property
    def field(self) -> VectorField:
        """Its right-hand side."""
        return VectorField(self.network, moving=True)

    @cached_property
    def columns(self) -> tuple[Scalars, ...]:
        """All values: cells' variables, synapses' states, global signals, time and noise."""
        net = self.network
        cells = [
            Scalars("cell", p.name, name, (p.size,))
            for p in net.populations
            for name in p.neuron.variables
        ]
        synapses = [
            Scalars("synapse", p.name, state, net.weight_shapes[p.name])
            for p in net.pathways
            for state in states_of(p)
        ]
        signals = [Scalars("signal", "", name, (1,)) for name in self._global]
        moments = [Scalars("moment", "", name, (1,)) for name in CLOCK]
        moments += [
            Scalars("moment", p.name, draw.name, (p.size,))
            for p in net.populations
            for draw in p.neuron.draws
        ]
        return (*cells, *synapses, *signals, *moments)

    @cached_property
    def rows(self) -> tuple[Scalars, ...]:
        """All that is computed: cells' variables that no signal gives, states that a rule moves."""
        given = {(p.name, name) for p in self.network.populations for name in p.given}
        plastic = {p.name for p in self.network.pathways if p.rule is not None}
        return tuple(
            block
            for block in self.columns
            if (block.kind == "cell" and (block.owner, block.variable) not in given)
            or (block.kind == "synapse" and block.owner in plastic)
        )

    @property
    def _global(self) -> tuple[str, ...]:
        rules = [p.rule for p in self.network.pathways if p.rule is not None]
        return tuple(dict.fromkeys([LEARNING, *(name for rule in rules for name in rule.signals)]))

    def mask(self, pathway: str) -> Bool[np.ndarray, "n_above n_below"]:
        """Which synapses a pathway has."""
        mask = next(p for p in self.network.pathways if p.name == pathway).mask
        return np.ones(self.network.weight_shapes[pathway], bool) if mask is None else mask

    def generic(self, seed: int) -> Float[Tensor, "column"]:
        """Values at which no dependence vanishes but by chance of measure 0: normal ones."""
        generator = torch.Generator().manual_seed(seed)
        total = sum(block.size for block in self.columns)
        return torch.randn(total, generator=generator, dtype=torch.float64)

    def values(self, flat: Float[Tensor, "column"]) -> Float[Tensor, "row"]:
        """Every row from all columns: derivatives of states, values of all else."""
        named = {
            (block.kind, block.owner, block.variable): flat[place].reshape(block.shape)
            for block, place in spans(self.columns)
        }
        weights = {
            p.name: named["synapse", p.name, "w"] * torch.tensor(self.mask(p.name))
            for p in self.network.pathways
        }
        signals = {name: named["signal", "", name] for name in self._global}
        signals |= {name: named["moment", "", name] for name in CLOCK}
        for block in self.columns:
            if block.kind == "moment" and block.owner:
                signals[f"{block.variable}_{block.owner}"] = named[block[:3]]
        held = {(b.owner, b.variable): named[b[:3]] for b in self.columns if b.kind == "cell"}
        parts = [held[p.population, p.variable] for p in self.field.layout]
        states = torch.cat(parts) if parts else flat.new_zeros(0)
        instant = self.field.at(states, signals, weights, held)
        changes: dict[tuple[str, str], Tensor] = {}
        for pathway in self.network.pathways:
            if pathway.rule is not None:
                own = {name: named["synapse", pathway.name, name] for name in pathway.rule.states}
                rate = named["signal", "", LEARNING]
                found = synaptic_derivatives(pathway, instant, own, signals, rate)
                present = torch.tensor(self.mask(pathway.name))
                changes |= {(pathway.name, n): value * present for n, value in found.items()}
        found_rows = []
        for block in self.rows:
            if block.kind == "synapse":
                found_rows.append(changes[block.owner, block.variable].reshape(-1))
            elif block.variable in self.network.population(block.owner).neuron.states:
                found_rows.append(instant.derivative(block.owner, block.variable))
            else:
                found_rows.append(instant.computed(block.owner, block.variable))
        return torch.cat(found_rows)

    def dependence(
        self, states: int = GENERIC_STATES, seed: int = 0
    ) -> Float[np.ndarray, "row column"]:
        """How strongly every row depends on every column, the largest of so many generic states.

        That is the derivative, or, where a step or a bound hides it there, what comes of another
        value far from the first.

        Raises
        ------
        ValueError
            Where a derivative is no number at a generic state.
        """
        largest = None
        for draw in range(states):
            at = self.generic(seed + draw)
            found = torch.func.jacrev(self.values)(at).abs()
            found = torch.maximum(found, self._differences(at, seed + draw + states))
            if not bool(torch.isfinite(found).all()):
                row = int((~torch.isfinite(found)).any(1).nonzero()[0])
                where = next(b for b, p in spans(self.rows) if p.start <= row < p.stop)
                raise ValueError(
                    f"Reads: the derivative of {where.label!r} is no number at a generic state "
                    "(normal numbers); write its equation so that it is defined there."
                )
            largest = found if largest is None else torch.maximum(largest, found)
        assert largest is not None
        return largest.numpy()

    def _differences(self, at: Float[Tensor, "column"], seed: int) -> Float[Tensor, "row column"]:
        """By how much each row differs when one column after another gets another value."""
        others = torch.diag(self.generic(seed) - at)
        rows = torch.cat([torch.zeros_like(at)[None], others]) + at
        found = torch.func.vmap(self.values)(rows)
        return (found[1:] - found[0]).abs().T


def states_of(pathway: Pathway) -> tuple[str, ...]:
    """The states of a pathway's synapses; ``w`` alone without a rule."""
    return ("w",) if pathway.rule is None else pathway.rule.states


def nonzeros(jacobian: Float[np.ndarray, "row column"]) -> Bool[np.ndarray, "row column"]:
    """Where a derivative is not 0 but for roundings."""
    scale = jacobian.max(1, keepdims=True)
    return jacobian > ROUNDING * np.where(scale > 0, scale, 1.0)
