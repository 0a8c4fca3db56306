"""What a network that learns by DLL is, but for its sizes and weights."""

from dataclasses import dataclass, field

from brian2 import ms

from compartments.activations import Activation, activation
from compartments.checks import check_name
from compartments.domains import NonNegative, Positive, Time, check_fields
from compartments.plasticity import FEEDBACK
from models.eligibility import Eligibility


@dataclass(frozen=True)
class DLLOptions:
    """What a DLL network is, but for its sizes and weights.

    Parameters
    ----------
    activation, output_activation : str or Activation
        f of the hidden layers and of the output layer (paper: tanh, and none at the output).
    theta_rule : {"minus", "plus", "fixed", "kp"}
        How the feedback weights learn: Algorithm 1; the sign of the released code; not at all
        (DLL-FA); Kolen-Pollack.
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
    prospective : Quantity, optional
        Look-ahead coding with this time constant of its derivatives, such as the time step.
        PATENT NOTICE: see :mod:`compartments.prospective` before any use in a product.

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
    prospective: Time | None = None

    def __post_init__(self) -> None:
        activation(self.activation)
        activation(self.output_activation)
        check_name("DLL network", "theta_rule", self.theta_rule, FEEDBACK)
        check_fields(self, "DLL network")
        lost = max(self.eta_W, self.eta_theta) * self.used_decay
        if lost >= 1:
            raise ValueError(
                f"DLL network: decay takes {lost:g} of the weights in one presentation (the larger "
                "of eta_W and eta_theta, times decay), which must be below 1."
            )
        remedies = (self.matched_soma, self.filtered_target, self.eligibility)
        if self.prospective is not None and (self.beta is not None or any(remedies)):
            raise ValueError(
                "DLL network: prospective coding needs a clamped output (beta=None) and none of "
                "matched_soma, filtered_target and eligibility; it has no lag to match."
            )
        if self.eligibility is not None and self.beta is not None:
            raise ValueError(
                "DLL network: eligibility is matched to a clamped output; leave beta=None."
            )

    @property
    def used_decay(self) -> float:
        """``decay`` with kp; no other rule has any."""
        return self.decay if self.theta_rule == "kp" else 0.0
