"""The dendritic microcircuit of Sacramento et al. (2018) as a network of relaxing neurons.

Pyramidal neurons of area k project up to the basal dendrites of area k+1 and down to the apical
dendrites of area k-1. Area k has as many interneurons as area k+1 has pyramidal neurons; each is
driven by all pyramidal neurons of its area, nudged by one of the area above, and projects to the
apical dendrites of its area. Once the interneurons cancel what comes from above, the apical
potential is what they could not explain: the error.

Weights, each (n_above, n_below), interneurons standing above the area that they belong to; area 0
is the input, area L the output:

=============  ===================================================  ===========  ===============
name           from, to                                             rule         shape
=============  ===================================================  ===========  ===============
``W{k}``       area k to the basal dendrites of area k+1            Eq. 7        (n_k+1, n_k)
``theta{k}``   area k+1 to the apical dendrites of area k           Eq. 10       (n_k+1, n_k)
``IP{k}``      area k to its interneurons                           Eq. 8        (n_k+1, n_k)
``PI{k}``      interneurons to the apical dendrites of area k       Eq. 9        (n_k+1, n_k)
``nudge{k}``   area k+1 to interneurons of area k, one to one       1, stays     (n_k+1, n_k+1)
``b{k}``       a constant unit to area k+1                          Eq. 7        (n_k+1, 1)
``bI{k}``      a constant unit to the interneurons of area k        Eq. 8        (n_k+1, 1)
=============  ===================================================  ===========  ===============

All four rules are local: each compares what the compartment where the synapse ends, and the soma
that is coupled to it, know. A pyramidal axon carries its rate; what nudges an interneuron is the
potential of its partner above, a second variable.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compartments.activations import Activation, activation
from compartments.checks import check_kind, check_sizes
from compartments.lookup import unknown_name
from compartments.neuron import Neuron
from compartments.neurons.conductance import conductance_neuron, conductance_output_neuron
from compartments.neurons.interneuron import interneuron
from compartments.neurons.sources import constant_neuron, filtered_input_neuron, input_neuron
from compartments.plasticity import forward_rule
from compartments.ports import Direction, Origin
from models.microcircuit_options import MicrocircuitOptions
from models.microcircuit_weights import microcircuit_weights
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.weights import WeightBundle, check_bundle
from models.wiring import one_to_one


@dataclass(frozen=True, eq=False, repr=False)
class MicrocircuitNetwork(Network):
    """A :class:`~models.network.Network` that knows its areas.

    Parameters
    ----------
    sizes : tuple of int
        Neurons in the input, the hidden areas and the output.
    options : MicrocircuitOptions
        The rest of the description.
    """

    sizes: tuple[int, ...] = ()
    options: MicrocircuitOptions = field(default_factory=MicrocircuitOptions)

    @property
    def reference(self) -> str:
        """The exact rest of this circuit."""
        return "microcircuit"

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the areas from the input to the output."""
        return area_names(len(self.sizes) - 1)

    @property
    def activation(self) -> Activation:
        """phi of all areas."""
        return activation(self.options.activation)


def area_names(depth: int) -> tuple[str, ...]:
    """``("input", "hidden1", ..., "output")`` for a network of ``depth`` bottom-up pathways."""
    return ("input", *(f"hidden{k}" for k in range(1, depth)), "output")


def interneuron_name(k: int) -> str:
    """The population of interneurons of area k."""
    return f"interneurons{k}"


def microcircuit_network(
    sizes: Sequence[int],
    options: MicrocircuitOptions | None = None,
    *,
    weights: WeightBundle | None = None,
    seed: int = 0,
    **changes: object,
) -> MicrocircuitNetwork:
    """A dendritic microcircuit of any number of areas.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in the input, the hidden areas and the output.
    options : MicrocircuitOptions, optional
        The description; any field of it may instead be given by keyword.
    weights : WeightBundle, optional
        Initial weights; else :func:`microcircuit_weights` with ``seed``.

    Raises
    ------
    ValueError
        For fewer than two areas, sizes below 1, weights of another network, or anything that
        :class:`MicrocircuitOptions` refuses.
    TypeError
        For a keyword that is no field of it, or weights or options of another type.

    Examples
    --------
    >>> net = microcircuit_network((30, 50, 10), tau_w=None)
    >>> net.weight_shapes["IP1"]
    (10, 50)
    """
    sizes = check_sizes("Microcircuit", sizes)
    options = _changed(MicrocircuitOptions() if options is None else options, changes)
    if weights is None:
        weights = microcircuit_weights(sizes, options, seed)
    _check_lateral(sizes, weights)
    names = area_names(len(sizes) - 1)
    neurons = _neurons(names, options)
    populations = tuple(Population(n, size, neurons[n]) for n, size in _counts(names, sizes))
    if options.bias:
        populations += (Population("bias", 1, constant_neuron(value=options.bias)),)
    pathways = tuple(_pathways(names, sizes, neurons, options))
    return MicrocircuitNetwork(populations, pathways, weights, (names[-1], "u"), sizes, options)


def _changed(options: MicrocircuitOptions, changes: dict[str, object]) -> MicrocircuitOptions:
    wanted = "MicrocircuitOptions(...), or single keywords"
    check_kind("Microcircuit", "options", options, MicrocircuitOptions, wanted)
    valid = list(MicrocircuitOptions.__dataclass_fields__)
    for name in changes:
        if name not in valid:
            raise TypeError(str(unknown_name("option of a microcircuit", name, valid)))
    return replace(options, **changes)  # type: ignore[arg-type]


def _check_lateral(sizes: Sequence[int], weights: WeightBundle) -> None:
    """Refuse interneurons that are not one for each neuron of the area above, nudged by it."""
    check_bundle("Microcircuit", weights)
    for k, above in list(enumerate(sizes[1:]))[1:]:
        for name, axis in ((f"IP{k}", 0), (f"PI{k}", 0), (f"nudge{k}", 0)):
            if name in weights and weights[name].shape[axis] != above:
                raise ValueError(
                    f"Microcircuit: {name} has {weights[name].shape[axis]} interneurons, expected "
                    f"{above}: area {k} has one for each neuron of the area above, which nudges it."
                )
        if f"nudge{k}" in weights and not np.array_equal(weights[f"nudge{k}"], np.eye(above)):
            raise ValueError(
                f"Microcircuit: nudge{k} must be numpy.eye({above}): each interneuron is nudged "
                "by its one partner, with the conductance g_som."
            )


def _counts(names: Sequence[str], sizes: Sequence[int]) -> list[tuple[str, int]]:
    """Every population of neurons and its size; an area's interneurons after it."""
    found = []
    for k, (name, size) in enumerate(zip(names, sizes, strict=True)):
        found.append((name, size))
        if 0 < k < len(names) - 1:
            found.append((interneuron_name(k), sizes[k + 1]))
    return found


def _neurons(names: Sequence[str], o: MicrocircuitOptions) -> dict[str, Neuron]:
    """The neuron of every population."""
    areas = len(names) - 2
    shared = {"g_lk": o.g_lk, "sigma": o.sigma, "matched_soma": o.matched_soma}
    found = {names[0]: input_neuron() if o.tau_0 is None else filtered_input_neuron(o.tau_0)}
    tufts = o.rates("eta_theta", areas)
    for k, name in enumerate(names[1:-1], 1):
        pyramidal = {**shared, "g_B": o.g_B, "g_A": o.g_A, "split_tuft": tufts[k - 1] > 0}
        found[name] = conductance_neuron(name, o.activation, **pyramidal)
        beside = interneuron_name(k)
        g_D = o.interneuron_dendrite(below_output=k == areas)
        found[beside] = interneuron(beside, o.activation, g_D=g_D, g_som=o.g_som, **shared)
    top = {**shared, "g_B": o.g_B, "g_som": o.g_som, "target_line": o.target_line(areas)}
    found[names[-1]] = conductance_output_neuron(names[-1], o.activation, **top)
    return found


def _pathways(
    names: Sequence[str], sizes: Sequence[int], neurons: dict[str, Neuron], o: MicrocircuitOptions
) -> Iterator[Pathway]:
    """Bottom-up, then of each hidden area top-down, both lateral ones and the nudge; biases."""
    depth = len(names) - 1
    W, IP = o.rates("eta_W", depth), (0.0, *o.rates("eta_IP", depth - 1))
    PI, theta = (0.0, *o.rates("eta_PI", depth - 1)), (0.0, *o.rates("eta_theta", depth - 1))
    bias = constant_neuron(value=o.bias) if o.bias else None
    areas = [(name, neurons[name]) for name in names]
    for k in range(depth):
        yield _pathway(f"W{k}", areas[k], areas[k + 1], ("up", "below"), W[k], o)
        if bias:
            yield _pathway(f"b{k}", ("bias", bias), areas[k + 1], ("up", "below"), W[k], o)
    for k in range(1, depth):
        beside = (interneuron_name(k), neurons[interneuron_name(k)])
        down: tuple[Direction, Origin] = ("down", "above")
        side: tuple[Direction, Origin] = ("lateral", "lateral")
        yield _pathway(f"theta{k}", areas[k + 1], areas[k], down, theta[k], o, False)
        yield _pathway(f"IP{k}", areas[k], beside, side, IP[k], o)
        yield _pathway(f"PI{k}", beside, areas[k], side, PI[k], o, False)
        mask = one_to_one(sizes[k + 1])
        yield Pathway(
            f"nudge{k}", areas[k + 1][0], beside[0], "taught", "u", upward=False, mask=mask
        )
        if bias:
            yield _pathway(f"bI{k}", ("bias", bias), beside, ("up", "lateral"), IP[k], o)


def _pathway(
    name: str,
    pre: tuple[str, Neuron],
    post: tuple[str, Neuron],
    way: tuple[Direction, Origin],
    eta: float,
    o: MicrocircuitOptions,
    upward: bool = True,
) -> Pathway:
    """A pathway that sends rates, with the rule ``eta * (what is read at its port) * rate``."""
    sent = next(s for s in pre[1].ports.sends if s.to == way[0] and "u" in s.factors)
    port = next(p for p in post[1].ports.inputs if p.origin == way[1] and p.variable != "taught")
    rule = None
    if eta > 0:
        factors = {"u_pre": f"{sent.factors['u']}_pre"}
        factors["delta_post"] = f"{port.factors['delta']}_post"
        rule = forward_rule(eta, 0.0, o.tau_w, factors)
    return Pathway(name, pre[0], post[0], port.variable, sent.variable, rule, upward)
