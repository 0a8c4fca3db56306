"""Dendritic Localized Learning as a network of relaxing neurons (Lv et al., ICML 2025).

Layer i sends its basal u_i up through W_i to the basal dendrites of layer i+1, and layer i+1 sends
delta_{i+1} down through Theta_i to the apical dendrites of layer i. What ascends is u and what
descends is the error: a real axon has one output, so this stands for two signals on one axon
(bursts and events, say), and is an assumption of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from compartments.activations import Activation, activation
from compartments.checks import check_kind, check_sizes
from compartments.domains import NonNegative, Seed, check_value
from compartments.lookup import unknown_name
from compartments.neuron import Neuron
from compartments.plasticity import PlasticityRule, feedback_rule, forward_rule
from compartments.prospective import prospective_hidden_neuron, prospective_output_neuron
from compartments.pyramidal import constant_neuron, hidden_neuron, input_neuron, output_neuron
from models.dll_options import DLLOptions
from models.eligibility import eligible_neuron, gain_stages
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

    reference: ClassVar[str] = "algorithm1"

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
    populations = [
        Population(name, size, neuron)
        for name, size, neuron in zip(names, sizes, _neurons(names, options), strict=True)
    ]
    if options.bias:
        populations.append(Population("bias", 1, constant_neuron()))
    return DLLNetwork(
        tuple(populations),
        tuple(_pathways(names, options)),
        weights,
        (names[-1], "u"),
        sizes,
        options,
    )


def _changed(options: DLLOptions, changes: dict[str, object]) -> DLLOptions:
    check_kind("DLL network", "options", options, DLLOptions, "DLLOptions(...), or single keywords")
    valid = list(DLLOptions.__dataclass_fields__)
    for name in changes:
        if name not in valid:
            raise TypeError(str(unknown_name("option of a DLL network", name, valid)))
    return replace(options, **changes)  # type: ignore[arg-type]


def _neurons(names: Sequence[str], o: DLLOptions) -> list[Neuron]:
    neurons = [input_neuron(), *_hidden(names, o), _output(names, o)]
    if o.eligibility is None:
        return neurons
    times = {"tau_u": o.tau_u, "tau_a": o.tau_a, "tau_x": o.tau_x}
    depth = len(names) - 1
    traced = o.theta_rule in ("minus", "plus")
    return [
        eligible_neuron(neuron, o.eligibility, i, depth, times, delta=traced and i > 1)
        for i, neuron in enumerate(neurons)
    ]


def _hidden(names: Sequence[str], o: DLLOptions) -> list[Neuron]:
    times = {"tau_u": o.tau_u, "tau_a": o.tau_a, "tau_x": o.tau_x}
    if o.prospective is not None:
        return [
            prospective_hidden_neuron(name, o.activation, **times, tau_d=o.prospective)
            for name in names[1:-1]
        ]
    depth = len(names) - 1
    late = o.eligibility is not None and o.eligibility.late_gain
    return [
        hidden_neuron(
            name,
            o.activation,
            **times,
            matched_soma=o.matched_soma,
            gain_line=gain_stages(i, depth) if late else (),
        )
        for i, name in enumerate(names[1:-1], start=1)
    ]


def _output(names: Sequence[str], o: DLLOptions) -> Neuron:
    if o.prospective is not None:
        return prospective_output_neuron(
            names[-1], o.output_activation, tau_u=o.tau_u, tau_d=o.prospective
        )
    late = len(names) - 1 if o.filtered_target else 0
    taus, remedies = {"tau_u": o.tau_u, "tau_x": o.tau_x}, {"matched_soma": o.matched_soma}
    f = o.output_activation
    return output_neuron(names[-1], f, **taus, beta=o.beta, **remedies, target_stages=late)


def _pathways(names: Sequence[str], o: DLLOptions) -> list[Pathway]:
    depth = len(names) - 1
    plain = forward_rule(o.eta_W, o.used_decay, o.tau_w)
    paths = []
    for i in range(depth):
        sends = "u" if i == 0 else _sent_up(o)
        beyond = () if o.eligibility is None else (f"{o.eligibility.factor}_pre",)
        above = names[i + 1]
        rule = _up(o, sends)
        paths.append(Pathway(f"W{i}", names[i], above, "drive", sends, rule, beyond=beyond))
    if o.bias:
        paths += [Pathway(f"b{i}", "bias", names[i + 1], "drive", "u", plain) for i in range(depth)]
    down = _down(o)
    paths += [
        Pathway(
            f"theta{i}",
            names[i + 1],
            names[i],
            "feedback",
            "delta",
            down,
            upward=False,
            beyond=_beyond_apical(o),
        )
        for i in range(1, depth)
    ]
    return paths


def _beyond_apical(o: DLLOptions) -> tuple[str, ...]:
    """What Theta's rule reads beyond its synapses on the apical dendrite.

    Kolen-Pollack needs the basal u, which the soma would have to carry there; eligibility a trace
    of the delta that arrives, which the presynaptic neuron keeps for all of its synapses.
    """
    if o.theta_rule == "kp":
        return (f"{_sent_up(o) if o.eligibility is None else o.eligibility.factor}_post",)
    traced = o.theta_rule in ("minus", "plus") and o.eligibility is not None
    return ("delta_trace_pre",) if traced else ()


def _sent_up(o: DLLOptions) -> str:
    """The variable that a hidden layer sends upward."""
    return "u" if o.prospective is None else "u_ahead"


def _up(o: DLLOptions, sends: str) -> PlasticityRule:
    """W's rule for a layer that sends this variable."""
    factor = sends if o.eligibility is None else o.eligibility.factor
    return forward_rule(o.eta_W, o.used_decay, o.tau_w, {"u_pre": f"{factor}_pre"})


def _down(o: DLLOptions) -> PlasticityRule | None:
    """Theta's rule."""
    factors = {"u_post": f"{_sent_up(o)}_post"}
    if o.eligibility is not None:
        factors = {"u_post": f"{o.eligibility.factor}_post"}
        if o.theta_rule in ("minus", "plus"):
            factors["delta_pre"] = "delta_trace_pre"
    return feedback_rule(o.theta_rule, o.eta_theta, o.used_decay, o.tau_w, factors)
