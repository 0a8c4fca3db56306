"""The tensors that a run lives in, made once: states, inputs, weights; and constants by copy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy
import torch
from torch import Tensor

from models.network import Network
from models.signals import InputSource
from models.weights import WeightBundle
from rate_bridge.ode_engine.block import Level, Node


@dataclass
class Buffers:
    """Everything that changes during a run.

    ``states`` and ``inputs`` are (batch, unit), ``synapses`` (n_above, n_below); with several
    copies each has one more axis in front. Keys are (population, variable) and
    (pathway, variable); the global signals that a pathway's rule reads are inputs of the pathway,
    spread over its postsynaptic neurons. ``events`` are 1 or a count where a neuron has the event
    in this time step; ``refractory`` are the steps for which neurons still are.
    """

    lead: tuple[int, ...]
    batch: int
    dtype: torch.dtype
    device: torch.device
    states: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    inputs: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    initial: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    synapses: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    events: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    refractory: dict[str, Tensor] = field(default_factory=dict)

    def zeros(self, *shape: int) -> Tensor:
        """A buffer of zeros, with the axis of copies in front if there is one."""
        return torch.zeros((*self.lead, *shape), dtype=self.dtype, device=self.device)

    def clear(self) -> None:
        """All states to where they begin, inputs and the synapses' states but the weights to 0."""
        zeros = (self.states, self.inputs, self.events, self.refractory)
        for tensor in (tensor for group in zeros for tensor in group.values()):
            tensor.zero_()
        for key, start in self.initial.items():
            self.states[key].copy_(start)
        for (_, variable), tensor in self.synapses.items():
            if variable != "w":
                tensor.zero_()


def allocated(
    nets: Sequence[Network], batch: int, copied: bool, dtype: torch.dtype, device: torch.device
) -> Buffers:
    """Buffers for networks of one structure; with ``copied`` they have an axis of copies."""
    buffers = Buffers((len(nets),) if copied else (), batch, dtype, device)
    net = nets[0]
    for population in net.populations:
        for name in population.neuron.states:
            buffers.states[population.name, name] = buffers.zeros(batch, population.size)
        for event in population.neuron.events:
            buffers.events[population.name, event.name] = buffers.zeros(batch, population.size)
        if population.neuron.refractory is not None:
            buffers.refractory[population.name] = buffers.zeros(batch, population.size)
        starts = [n.population(population.name).neuron.initial for n in nets]
        for name in dict.fromkeys(name for start in starts for name in start):
            values = [start.get(name, 0.0) for start in starts]
            buffers.initial[population.name, name] = by_neuron(values, copied, device)
        for name in population.neuron.inputs:
            buffers.inputs[population.name, name] = buffers.zeros(batch, population.size)
    for pathway in net.pathways:
        for name in () if pathway.rule is None else pathway.rule.signals:
            post = net.population(pathway.post)
            buffers.inputs[pathway.name, name] = buffers.zeros(batch, post.size)
        for name in ("w",) if pathway.rule is None else pathway.rule.states:
            buffers.synapses[pathway.name, name] = buffers.zeros(*net.weight_shapes[pathway.name])
    load_weights(buffers, [item.weights for item in nets])
    buffers.clear()
    return buffers


def by_neuron(values: Sequence[object], copied: bool, device: torch.device) -> Tensor:
    """Values of each copy, for all neurons or for each: broadcast to (copy, batch, unit), float64.

    Without copies (n,) or a single number; with copies (copy, 1, n) or (copy, 1, 1).
    """
    arrays = [np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in values]
    stacked = torch.as_tensor(np.stack(np.broadcast_arrays(*arrays)), device=device)
    return stacked[:, None, :] if copied else stacked[0]


def load_weights(buffers: Buffers, bundles: Sequence[WeightBundle]) -> None:
    """Put the weights of every copy into the buffers."""
    for name in bundles[0]:
        arrays = [np.asarray(bundle[name]) for bundle in bundles]
        values = torch.from_numpy(np.stack(arrays) if buffers.lead else arrays[0].copy())
        buffers.synapses[name, "w"].copy_(values)


def weight_bundles(buffers: Buffers) -> list[WeightBundle]:
    """The weights of every copy, as they are now."""
    arrays = {
        name: tensor.detach().cpu().double().numpy()
        for (name, variable), tensor in buffers.synapses.items()
        if variable == "w"
    }
    if not buffers.lead:
        return [WeightBundle(arrays)]
    return [
        WeightBundle({name: array[copy] for name, array in arrays.items()})
        for copy in range(buffers.lead[0])
    ]


def constants(
    parameters: Sequence[Mapping[str, object]], prefix: str, buffers: Buffers
) -> tuple[dict[str, sympy.Expr], dict[str, Node]]:
    """Constants that all copies and neurons share, as numbers; the others as tensors.

    Parameters
    ----------
    parameters : sequence of mapping
        One for each copy, with Brian2 quantities or floats.
    prefix : str
        Begins the names of the constants that differ.
    buffers : Buffers
        Gives the device.

    Returns
    -------
    replacements : dict of str to sympy.Expr
        What each name is to be replaced with: a number (SI units) or a symbol.
    leaves : dict of str to Node
        The tensors behind those symbols, from :func:`by_neuron`.
    """
    replacements: dict[str, sympy.Expr] = {}
    leaves: dict[str, Node] = {}
    for name in parameters[0]:
        values = [np.asarray(mapping[name], dtype=float) for mapping in parameters]
        if all(value.ndim == 0 and value == values[0] for value in values):
            replacements[name] = sympy.Float(float(values[0]))
            continue
        symbol = sympy.Symbol(f"{prefix}{name}", real=True)
        replacements[name] = symbol
        tensor = by_neuron(values, bool(buffers.lead), buffers.device)
        leaves[symbol.name] = Node(tensor, Level.CONSTANT)
    return replacements, leaves


def check_same_structure(nets: Sequence[Network]) -> None:
    """Refuse copies that differ in more than weights and values of constants.

    Raises
    ------
    ValueError
        Naming the copy and the first difference.
    """
    for number, net in enumerate(nets[1:], start=1):
        for kind, first, other in (
            ("populations", _populations(nets[0]), _populations(net)),
            ("pathways", _pathways(nets[0]), _pathways(net)),
        ):
            if first != other:
                differing = [a for a, b in zip(first, other, strict=False) if a != b]
                what = differing[0][0] if differing else "their number"
                raise ValueError(
                    f"Copy {number} differs from copy 0 in its {kind} ({what}); copies may "
                    "differ in weights and in the values of constants only."
                )


def _populations(net: Network) -> list[tuple]:
    return [
        (
            p.name,
            p.size,
            str(p.neuron.equations),
            (str(p.neuron.threshold), str(p.neuron.reset), str(p.neuron.refractory)),
            tuple(sorted(p.neuron.parameters)),
            dict(p.signals),
        )
        for p in net.populations
    ]


def _pathways(net: Network) -> list[tuple]:
    return [
        (
            p.name,
            p.pre,
            p.post,
            p.target,
            p.sends,
            p.on_pre,
            p.upward,
            None if p.mask is None else p.mask.tobytes(),
            p.bounds,
            float(p.delay),
            *_rule(p.rule),
        )
        for p in net.pathways
    ]


def _rule(rule: object) -> tuple:
    if rule is None:
        return (None,)
    own = tuple(sorted(rule.parameters)), rule.signals  # type: ignore[attr-defined]
    at = str(rule.on_pre), str(rule.on_post)  # type: ignore[attr-defined]
    return (str(rule.equations), *own, *at)  # type: ignore[attr-defined]


def given_inputs(net: Network) -> dict[tuple[str, str], InputSource]:
    """What the schedule drives: inputs of populations, and global signals that pathways read."""
    found = {(p.name, name): item for p in net.populations for name, item in p.given.items()}
    for pathway in net.pathways:
        for name in () if pathway.rule is None else pathway.rule.signals:
            found[pathway.name, name] = InputSource(name, False)
    return found
