"""What a network that learns by DLL is, but for its sizes and weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from brian2 import Quantity, ms

from compartments.activations import Activation, activation
from compartments.checks import check_name
from compartments.domains import NonNegative, Positive, Time, check_fields
from compartments.lookup import unknown_name
from compartments.neurons.kind import NeuronKind
from compartments.neurons.registry import NEURONS, neuron_kind
from compartments.plasticity import FEEDBACK
from compartments.ports import Direction, Origin
from models.eligibility import Eligibility

SHARED = ("tau_u", "tau_a", "tau_x", "beta", "matched_soma")
"""Options that neurons take as they are."""

DERIVED = ("target_stages", "gain_line")
"""What neurons take, and the network works out."""

REQUESTS = {"matched_soma": "matched_soma", "beta": "beta", "filtered_target": "target_stages"}
"""Options that are off unless asked for, and the argument of a neuron that each needs."""


class Join(NamedTuple):
    """The factors that a pathway's rule reads: of what is sent to, of the port for what is from."""

    to: Direction
    sent: str
    origin: Origin
    read: str


UPWARD = Join("up", "u", "below", "delta")
DOWNWARD = Join("down", "delta", "above", "error")


@cache
def is_layered(name: str) -> bool:
    """Whether ports of a kind of neurons, and of the output above them, join to DLL's layers."""
    kind = neuron_kind(name)
    if not kind.top:
        return False
    # a constant that a kind needs is a time; its value is of no matter to ports
    hidden, top = (
        k.built("cell", k.only_f or "linear", dict.fromkeys(k.needs, ms)).ports for k in _pair(kind)
    )
    joins = [(UPWARD, hidden, top), (DOWNWARD, top, hidden)]
    joins += [(UPWARD, hidden, hidden), (DOWNWARD, hidden, hidden)]
    return all(pre.sent(j.to, j.sent) and post.port(j.origin, j.read) for j, pre, post in joins)


def layered() -> tuple[str, ...]:
    """Kinds of neurons that a DLL network can have."""
    return tuple(name for name in NEURONS if is_layered(name))


def _pair(kind: NeuronKind) -> tuple[NeuronKind, NeuronKind]:
    """A kind of hidden neurons, and that of the output above them."""
    return kind, neuron_kind(kind.top)


def _arguments(name: str) -> set[str]:
    """What neurons of a kind, and the output that goes with them, take."""
    return {name for kind in _pair(neuron_kind(name)) for name in kind.arguments}


@dataclass(frozen=True)
class DLLOptions:
    """What a DLL network is, but for its sizes and weights.

    Parameters
    ----------
    activation, output_activation : str or Activation
        f of the hidden layers and of the output layer (paper: tanh, and none at the output).
    theta_rule : {"minus", "plus", "fixed", "kp"}
        How the feedback weights learn: Algorithm 1; the sign of the released code, with which they
        are expected to run away; not at all (DLL-FA); Kolen-Pollack.
    eta_W, eta_theta : float
        Learning rates for one presentation.
    decay : float
        With ``"kp"``: W changes by eta_W (delta u^T - decay W) in one presentation, Theta by
        eta_theta (delta u^T - decay Theta). Both must decay for their difference to vanish.
    beta : float, optional
        Pull of the target on the output soma; None clamps it.
    bias : bool
        A plastic bias for every neuron: the weight from a unit that is always 1.
    tau_u, tau_a, tau_x : Quantity
        Time constants of the basal, apical and somatic compartments.
    matched_soma : bool
        The error is measured against the u that the soma itself would show.
    filtered_target : bool
        The target passes as many stages of tau_u as the network is deep (and, before a matched
        and nudged soma, one of tau_x).
    tau_w : Quantity, optional
        Low-pass filter on every weight's change.
    eligibility : Eligibility, optional
        Let presynaptic factors wait for the error (:mod:`models.eligibility`); meant for a matched
        soma and a filtered target.
    neuron : str
        Kind of the hidden neurons (:data:`compartments.NEURONS`), which brings that of the output.
        PATENT NOTICE: see :mod:`compartments.neurons.look_ahead` before any use of
        ``"look-ahead"`` in a product.
    constants : mapping of str to Quantity or float
        Further constants that the kind takes, such as look-ahead's ``tau_d``, the time constant
        of its derivatives; the time step, for example.

    Raises
    ------
    ValueError
        For a value that is not of its kind, out of range, or does not go with another.
    """

    activation: str | Activation = "tanh"
    output_activation: str | Activation = "linear"
    theta_rule: str = "minus"
    eta_W: NonNegative = 0.01
    eta_theta: NonNegative = 0.001
    decay: NonNegative = 0.1
    beta: Positive | None = None
    bias: bool = False
    tau_u: Time = field(default_factory=lambda: 10 * ms)
    tau_a: Time = field(default_factory=lambda: 10 * ms)
    tau_x: Time = field(default_factory=lambda: 5 * ms)
    matched_soma: bool = False
    filtered_target: bool = False
    tau_w: Time | None = None
    eligibility: Eligibility | None = None
    neuron: str = "graded"
    constants: Mapping[str, Quantity | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        activation(self.activation)
        activation(self.output_activation)
        check_name("DLL network", "theta_rule", self.theta_rule, FEEDBACK)
        check_fields(self, "DLL network")
        object.__setattr__(self, "constants", dict(self.constants))
        lost = max(self.eta_W, self.eta_theta) * self.used_decay
        if lost >= 1:
            raise ValueError(
                f"DLL network: decay takes {lost:g} of the weights in one presentation (the larger "
                "of eta_W and eta_theta, times decay), which must be below 1."
            )
        self._check_neuron()

    @property
    def kinds(self) -> tuple[NeuronKind, NeuronKind]:
        """The kinds of the hidden neurons and of the output."""
        return _pair(neuron_kind(self.neuron))

    def values(self, kind: NeuronKind) -> dict[str, object]:
        """What of these options, and of ``constants``, a kind of neuron takes."""
        own = {name: getattr(self, name) for name in SHARED}
        return {n: v for n, v in {**own, **self.constants}.items() if n in kind.arguments}

    def _check_neuron(self) -> None:
        """Refuse a neuron that is none, and what it does not take.

        By the arguments that its kind has, not by its name: a further kind needs no line here.
        """
        if self.neuron not in tuple(NEURONS) or not is_layered(self.neuron):
            check_name("DLL network", "neuron", self.neuron, layered())
        where = f"DLL network: neuron {self.neuron!r}"
        taken = _arguments(self.neuron)
        own = [name for name in sorted(taken) if name not in (*SHARED, *DERIVED)]
        for name in self.constants:
            if name not in own:
                raise ValueError(f"{where}: {unknown_name('constant', name, own)}")
        for option, argument in REQUESTS.items():
            if getattr(self, option) not in (None, False) and argument not in taken:
                able = ", ".join(repr(n) for n in layered() if argument in _arguments(n))
                raise ValueError(f"{where} does not take {option}; neurons that do: {able}.")
        if self.eligibility is not None and self.eligibility.late_gain and "gain_line" not in taken:
            raise ValueError(f"{where}: its f' cannot wait for the error; leave late_gain=False.")
        for kind in self.kinds:
            for name in kind.needs:
                if name not in (*SHARED, *self.constants):
                    raise ValueError(
                        f"{where} needs the constant {name!r}; give it with its unit: "
                        f"constants={{{name!r}: ...}}."
                    )

    @property
    def used_decay(self) -> float:
        """``decay`` with kp; no other rule has any."""
        return self.decay if self.theta_rule == "kp" else 0.0
