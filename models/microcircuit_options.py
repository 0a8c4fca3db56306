"""What a dendritic microcircuit is, but for its sizes and weights."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from brian2 import Quantity, ms

from compartments.activations import Activation, activation
from compartments.domains import (
    NoiseAmplitude,
    NonNegative,
    Positive,
    Rate,
    Time,
    check_fields,
)

AreaRates = NonNegative | tuple[NonNegative, ...]
"""A learning rate for all areas, or one for each."""


class NudgingShares(NamedTuple):
    """How a soma's rest is shared between its dendrite's prediction and what nudges it.

    At rest a soma that predicts v_hat alone, and is nudged to w, has (1 - lambda) v_hat + lambda w
    (interneurons and output), or v_hat + lambda v_A (hidden areas).
    """

    hidden: float  # g_A/(g_lk + g_B + g_A)
    output: float  # g_som/(g_lk + g_B + g_som)
    below_output: float  # interneurons there: g_som/(g_lk + g_D + g_som)
    below_hidden: float


class DendriticGains(NamedTuple):
    """What a dendrite alone makes of its soma, over the dendrite's potential: v_hat/v."""

    hidden: float  # g_B/(g_lk + g_B + g_A)
    output: float  # g_B/(g_lk + g_B)
    below_output: float  # interneurons there: g_D/(g_lk + g_D)
    below_hidden: float


@dataclass(frozen=True)
class MicrocircuitOptions:
    """What a dendritic microcircuit is, but for its sizes and weights (Sacramento et al. 2018).

    Parameters
    ----------
    activation : str or Activation
        phi, from potential to rate, of all areas.
    g_lk, g_B, g_D, g_A, g_som : Quantity
        Conductances over the capacitance (1/time): leak, basal dendrite, the interneuron's
        dendrite, apical dendrite, teaching (of the output by the target, of interneurons by the
        area above). g_D may be None: what the dendrites of the area above have together, g_B and
        in a hidden area g_A, so that interneurons are as fast as what they stand for.
    tau_0 : Quantity, optional
        Low-pass filter on the stimulus; None is none.
    tau_w : Quantity, optional
        Low-pass filter on the change of every weight; None is none.
    sigma : Quantity
        Amplitude of white noise on every soma (1/sqrt(time)). References leave it out.
    eta_W, eta_IP, eta_PI, eta_theta : float or tuple of float
        Learning rates for one presentation (a rate in 1/ms times the window in ms): bottom-up, onto
        interneurons, from interneurons, top-down (Eqs. 7 to 10). One number, or one for each area,
        from below; with 0 the pathway stays.
    bias : float
        What the unit sends that biases areas and interneurons; 0 is no such unit.
    start : {"self-predicting", "random"}
        Lateral weights at the start: those with which interneurons cancel what comes from above,
        or random ones.
    W_scale, theta_scale : float
        Initial weights are uniform within plus and minus this: bottom-up and onto interneurons;
        top-down and from interneurons.
    matched_soma : bool
        Each dendrite's prediction lags as its soma does, so that a switch of stimuli teaches
        nothing. Not in the paper.
    filtered_target : bool
        The target passes the stages that the output's prediction has passed. Not in the paper.

    Raises
    ------
    ValueError
        For a value that is not of its kind, or out of range.
    """

    activation: str | Activation = "logistic"
    g_lk: Rate = field(default_factory=lambda: 0.1 / ms)
    g_B: Rate = field(default_factory=lambda: 1.0 / ms)
    g_D: Rate | None = field(default_factory=lambda: 1.0 / ms)
    g_A: Rate = field(default_factory=lambda: 0.8 / ms)
    g_som: Rate = field(default_factory=lambda: 0.8 / ms)
    tau_0: Time | None = field(default_factory=lambda: 3 * ms)
    tau_w: Time | None = field(default_factory=lambda: 30 * ms)
    sigma: NoiseAmplitude = field(default_factory=lambda: 0 / ms**0.5)
    eta_W: AreaRates = 0.05
    eta_IP: AreaRates = 0.1
    eta_PI: AreaRates = 0.05
    eta_theta: AreaRates = 0.0
    bias: NonNegative = 0.0
    start: Literal["self-predicting", "random"] = "self-predicting"
    W_scale: Positive = 0.1
    theta_scale: Positive = 1.0
    matched_soma: bool = False
    filtered_target: bool = False

    def __post_init__(self) -> None:
        activation(self.activation)
        check_fields(self, "Microcircuit")

    def rates(self, name: str, areas: int) -> tuple[float, ...]:
        """The rates of one kind of pathway, area by area.

        Raises
        ------
        ValueError
            For another number of rates than areas.
        """
        given = getattr(self, name)
        if not isinstance(given, tuple):
            return (float(given),) * areas
        if len(given) != areas:
            raise ValueError(
                f"Microcircuit: {name} must be one number, or one for each of the {areas} areas "
                f"that learn by it, got {given}."
            )
        return tuple(float(rate) for rate in given)

    def interneuron_dendrite(self, below_output: bool) -> Quantity:
        """g_D of the interneurons that the output, or else a hidden area, nudges."""
        if self.g_D is not None:
            return self.g_D
        return self.g_B if below_output else self.g_B + self.g_A

    @property
    def shares(self) -> NudgingShares:
        """lambda of hidden areas, of the output while there is a target, and of interneurons."""
        below = [self.interneuron_dendrite(below_output) for below_output in (True, False)]
        return NudgingShares(
            float(self.g_A / (self.g_lk + self.g_B + self.g_A)),
            float(self.g_som / (self.g_lk + self.g_B + self.g_som)),
            *(float(self.g_som / (self.g_lk + g_D + self.g_som)) for g_D in below),
        )

    @property
    def gains(self) -> DendriticGains:
        """v_hat over v of hidden areas, the output and interneurons."""
        below = [self.interneuron_dendrite(below_output) for below_output in (True, False)]
        return DendriticGains(
            float(self.g_B / (self.g_lk + self.g_B + self.g_A)),
            float(self.g_B / (self.g_lk + self.g_B)),
            *(float(g_D / (self.g_lk + g_D)) for g_D in below),
        )

    def target_line(self, hidden: int) -> tuple[Quantity, ...]:
        """The stages between a stimulus and the output's prediction, if the target passes them.

        tau_0, then of each hidden area, and of the output without its teacher, one over all
        conductances.
        """
        if not self.filtered_target:
            return ()
        first = () if self.tau_0 is None else (self.tau_0,)
        areas = (1 / (self.g_lk + self.g_B + self.g_A),) * hidden
        return (*first, *areas, 1 / (self.g_lk + self.g_B))
