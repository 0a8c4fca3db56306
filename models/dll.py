"""Dendritic Localized Learning as a network of relaxing neurons (Lv et al., ICML 2025).

Layer i sends its basal u_i up through W_i to the basal dendrites of layer i+1, and layer i+1 sends
delta_{i+1} down through Theta_i to the apical dendrites of layer i. What ascends is u and what
descends is the error: a real axon has one output, so this stands for two signals on one axon
(bursts and events, say), and is an assumption of the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compartments.activations import Activation, activation
from compartments.checks import check_kind, check_sizes
from compartments.domains import NonNegative, Seed, check_value
from compartments.lookup import unknown_name
from compartments.neuron import Neuron
from compartments.neurons.closed import closed
from compartments.neurons.registry import neuron_kind
from compartments.neurons.sources import constant_neuron
from compartments.plasticity import PlasticityRule, feedback_rule, forward_rule
from compartments.ports import Port, Sent
from models.delays import SignalDelays
from models.dll_options import DOWNWARD, UPWARD, DLLOptions, Join
from models.eligibility import eligible_neuron, late_gain, waiting
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.weights import WeightBundle


@dataclass(frozen=True, eq=False, repr=False)
class DLLNetwork(Network):
    """A :class:`~models.network.Network` that knows its layers.

    Parameters
    ----------
    sizes : tuple of int
        Neurons in the input, the hidden layers and the output.
    options : DLLOptions
        The rest of the description.
    """

    sizes: tuple[int, ...] = ()
    options: DLLOptions = field(default_factory=DLLOptions)

    @property
    def reference(self) -> str:
        """Algorithm 1, where layers of these neurons rest there; else the numerical one."""
        exact = neuron_kind(self.options.neuron).linear_apical
        return "algorithm1" if exact else "numerical"

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the populations from the input to the output."""
        return layer_names(len(self.sizes) - 1)

    @property
    def activations(self) -> tuple[Activation, ...]:
        """f of the layers 1 to L."""
        return _activations(self.sizes, self.options)


def layer_names(depth: int) -> tuple[str, ...]:
    """``("input", "hidden1", ..., "output")`` for a network of ``depth`` weight matrices."""
    return ("input", *(f"hidden{i}" for i in range(1, depth)), "output")


def _activations(sizes: Sequence[int], options: DLLOptions) -> tuple[Activation, ...]:
    hidden = activation(options.activation)
    return (hidden,) * (len(sizes) - 2) + (activation(options.output_activation),)


def dll_weights(
    sizes: Sequence[int],
    seed: int = 0,
    W_scale: float | None = None,
    theta_scale: float | None = None,
    bias: bool = False,
) -> WeightBundle:
    """Normally distributed initial weights.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in each layer.
    seed : int
        For numpy's default generator.
    W_scale, theta_scale : float, optional
        Standard deviations. Default: 1/sqrt(n_below) for W and 1/sqrt(n_above) for Theta, so that
        neither u nor the error grows or shrinks with depth. (The released code has 0.05 and 1.)
    bias : bool
        Also ``b0..``, all zero.

    Raises
    ------
    ValueError
        For sizes that are none, a seed that numpy does not take, scales below 0, or a bias that is
        no flag.
    MemoryError
        If the weights would not fit into memory.
    """
    sizes = check_sizes("DLL weights", sizes)
    check_value("DLL weights", "seed", seed, Seed)
    check_value("DLL weights", "bias", bias, bool)
    for name, given in (("W_scale", W_scale), ("theta_scale", theta_scale)):
        check_value("DLL weights", name, given, NonNegative | None)
    generator = np.random.default_rng(seed)
    depth = len(sizes) - 1
    arrays = {}
    for i in range(depth):
        below, above = sizes[i], sizes[i + 1]
        scale = below**-0.5 if W_scale is None else W_scale
        arrays[f"W{i}"] = generator.normal(0, scale, (above, below))
    for i in range(1, depth):
        below, above = sizes[i], sizes[i + 1]
        scale = above**-0.5 if theta_scale is None else theta_scale
        arrays[f"theta{i}"] = generator.normal(0, scale, (above, below))
    if bias:
        arrays |= {f"b{i}": np.zeros((sizes[i + 1], 1)) for i in range(depth)}
    return WeightBundle(arrays)


def dll_network(
    sizes: Sequence[int],
    options: DLLOptions | None = None,
    *,
    weights: WeightBundle | None = None,
    seed: int = 0,
    **changes: object,
) -> DLLNetwork:
    """A layered network that learns by DLL in continuous time.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in the input, the hidden layers and the output.
    options : DLLOptions, optional
        The description; any field of it may instead be given by keyword.
    weights : WeightBundle, optional
        Initial weights; else :func:`dll_weights` with ``seed``.

    Raises
    ------
    ValueError
        For fewer than two layers, sizes below 1, weights of another network, or anything that
        :class:`DLLOptions` refuses.
    TypeError
        For a keyword that is not a field of :class:`DLLOptions`, weights that are no
        :class:`WeightBundle`, or options of another type.

    Examples
    --------
    >>> net = dll_network((64, 32, 10), theta_rule="minus", eta_W=0.01)
    >>> net.weight_shapes["W0"]
    (32, 64)
    """
    sizes = check_sizes("DLL network", sizes)
    check_value("DLL network", "seed", seed, Seed)
    options = _changed(DLLOptions() if options is None else options, changes)
    if weights is None:
        weights = dll_weights(sizes, seed, bias=options.bias)
    names = layer_names(len(sizes) - 1)
    neurons = _neurons(names, options)
    if options.eligibility is not None:
        neurons = _waiting(names, sizes, neurons, options)
    populations = tuple(_populations(names, sizes, neurons, options))
    pathways = tuple(_pathways(names, neurons, options))
    readout = (names[-1], "u")
    return DLLNetwork(populations, pathways, weights, readout, sizes, options)


def _changed(options: DLLOptions, changes: dict[str, object]) -> DLLOptions:
    check_kind("DLL network", "options", options, DLLOptions, "DLLOptions(...), or single keywords")
    valid = list(DLLOptions.__dataclass_fields__)
    for name in changes:
        if name not in valid:
            raise TypeError(str(unknown_name("option of a DLL network", name, valid)))
    return replace(options, **changes)  # type: ignore[arg-type]


def _neurons(names: Sequence[str], o: DLLOptions) -> list[Neuron]:
    """The neurons of every layer, before any of them waits for an error."""
    top = o.kinds[1]
    output = o.values(top) | {"target_stages": (len(names) - 1) * o.filtered_target}
    middle = [_hidden(name, o) for name in names[1:-1]]
    below = o.kinds[0].input_built(o.values(o.kinds[0]))
    return [below, *middle, top.built(names[-1], o.output_activation, output)]


def _hidden(name: str, o: DLLOptions, **options: object) -> Neuron:
    """A hidden neuron; no pathway of DLL is lateral, so a port for that is shut."""
    kind = o.kinds[0]
    neuron = kind.built(name, o.activation, o.values(kind) | options)
    lateral = [port.variable for port in neuron.ports.inputs if port.origin == "lateral"]
    return closed(neuron, lateral) if lateral else neuron


def _populations(
    names: Sequence[str], sizes: Sequence[int], neurons: Sequence[Neuron], o: DLLOptions
) -> list[Population]:
    layers = [Population(*layer) for layer in zip(names, sizes, neurons, strict=True)]
    return [*layers, Population("bias", 1, constant_neuron())] if o.bias else layers


def _waiting(
    names: Sequence[str], sizes: Sequence[int], neurons: Sequence[Neuron], o: DLLOptions
) -> list[Neuron]:
    """The neurons with traces that wait for the error, as long as the network's delays say."""
    assert o.eligibility is not None
    delays = SignalDelays(_populations(names, sizes, neurons, o), _pathways(names, neurons, o))
    traced = o.theta_rule in ("minus", "plus")
    found = []
    for i, (name, neuron) in enumerate(zip(names, neurons, strict=True)):
        above = names[i + 1] if name != names[-1] else None
        below = names[i - 1] if traced and i > 1 else None
        sends = _sent(neuron, UPWARD).variable if above else None
        wait = waiting(delays, name, sends or "", above, below)
        if above and not wait.late:
            raise ValueError(
                f"DLL network: eligibility has nothing to wait for: {o.neuron!r} neurons pass "
                "errors on without delay; leave eligibility=None."
            )
        if o.eligibility.late_gain and name in names[1:-1]:
            neuron = _hidden(name, o, gain_line=late_gain(delays, name))
        found.append(eligible_neuron(neuron, o.eligibility, wait, sends=sends))
    return found


def _pathways(names: Sequence[str], neurons: Sequence[Neuron], o: DLLOptions) -> list[Pathway]:
    """W upward, biases, Theta downward, each from and to the ports that its rule's factors have."""
    layers = list(zip(names, neurons, strict=True))
    paths = [_upward(f"W{i}", *layers[i], *layers[i + 1], o) for i in range(len(layers) - 1)]
    if o.bias:
        source = constant_neuron()
        above = enumerate(layers[1:])
        paths += [_upward(f"b{i}", "bias", source, *layer, o) for i, layer in above]
    return paths + [
        _downward(f"theta{i}", *layers[i + 1], *layers[i], o) for i in range(1, len(layers) - 1)
    ]


def _upward(name: str, pre: str, below: Neuron, post: str, above: Neuron, o: DLLOptions) -> Pathway:
    sent, port = _sent(below, UPWARD), _port(above, UPWARD)
    factors = {"u_pre": sent.factors["u"], "delta_post": port.factors["delta"]}
    rule = forward_rule(o.eta_W, o.used_decay, o.tau_w, _with_sides(factors))
    beyond = _beyond(rule, sent, port)
    return Pathway(name, pre, post, port.variable, sent.variable, rule, beyond=beyond)


def _downward(
    name: str, pre: str, above: Neuron, post: str, below: Neuron, o: DLLOptions
) -> Pathway:
    sent, port = _sent(above, DOWNWARD), _port(below, DOWNWARD)
    factors = {"delta_pre": sent.factors["delta"]}
    factors |= {f"{role}_post": variable for role, variable in port.factors.items()}
    decay = o.used_decay
    rule = feedback_rule(o.theta_rule, o.eta_theta, decay, o.tau_w, _with_sides(factors))
    beyond = _beyond(rule, sent, port)
    return Pathway(name, pre, post, port.variable, sent.variable, rule, False, beyond=beyond)


def _with_sides(factors: Mapping[str, str]) -> dict[str, str]:
    """``{"u_pre": "u_ahead"}`` as rules write it: ``{"u_pre": "u_ahead_pre"}``."""
    return {role: f"{variable}_{role.split('_')[-1]}" for role, variable in factors.items()}


def _beyond(rule: PlasticityRule | None, sent: Sent, port: Port) -> tuple[str, ...]:
    """What a rule reads beyond its synapse, which the ports say: it is declared, and counted."""
    if rule is None:
        return ()
    kept = {f"{v}_pre" for v in rule.reads_pre & set(sent.factors.values()) - {sent.variable}}
    far = {port.factors[role] for role in port.remote}
    return tuple(sorted(kept | {f"{v}_post" for v in rule.reads_post & far}))


def _sent(neuron: Neuron, join: Join) -> Sent:
    """What a neuron sends there, for rules to read that factor."""
    found = neuron.ports.sent(join.to, join.sent)
    assert found is not None  # else the options have refused its kind
    return found


def _port(neuron: Neuron, join: Join) -> Port:
    """The port of a neuron for what comes from there, where a rule can read that factor."""
    found = neuron.ports.port(join.origin, join.read)
    assert found is not None  # as above
    return found
