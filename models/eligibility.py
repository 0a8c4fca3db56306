r"""Delay-matched eligibility: both factors of a synapse's product let wait for each other.

In a network of depth L with the matched soma and the target filtered through L stages of tau_u,
what meets at a synapse of W_i is of different age. With one stage a first-order low-pass:

=====================  ====================================================
u_i                    i tau_u
error_L                L tau_u
delta_{i+1}            L tau_u + (L-i-1) tau_a + (L-i-1) tau_x
error_i                L tau_u + (L-i) tau_a + (L-i) tau_x
=====================  ====================================================

so u_i is missing ``(L-i) tau_u + (L-i-1) (tau_a + tau_x)``, and for Theta_i (rules minus and plus)
delta_{i+1} is missing ``tau_a + tau_x`` against error_i. The neuron carries those stages as a trace
of its own variable. Nothing else changes: no phases, no look-ahead, and what a synapse multiplies
are still variables of its two neurons. Kolen-Pollack's Theta takes the same trace of u_i.

**What it is worth.** In a linear network both factors are then the same filter k of their
equilibria: ``delta(t) = int k(s) delta*(t-s) ds`` and ``u(t) = int k(s) u*(t-s) ds``, delta* and u*
those of the stimulus shown at t-s. For independent stimuli, each shown for T,

    E[update] = w E[delta* u*^T] + (1 - w) E[delta*] E[u*]^T,

    w = P(two independent delays drawn from k fall into the same presentation)
      = (1/2 pi) int prod_j 1/(1 + (omega tau_j)^2) T sinc^2(omega T/2) d omega,

:func:`models.theory.same_presentation`. The expected update is thus Algorithm 1's but for a known
factor w, if E[delta*] or E[u*] is zero. Dividing the rate by w (``presentation`` given) is a
constant that a synapse can have. Where neither mean is zero, the second term is a bias; with
``mean_corrected`` the neuron keeps a slow mean m of its trace, and ``m + (trace - m)/w`` takes the
place of the trace:

    E[delta] m + (w E[delta* u*] + (1-w) E[delta*] E[u*] - E[delta*] E[u*])/w = E[delta* u*],

unbiased for any means. Both hold for any presentation time, however short.

**Its condition.** Without that correction the mean update is off by (1/w - 1) E[delta*] E[u*]^T,
which is nothing only if inputs or errors have mean zero. With digits that are not centred it is
260 % of the mean update at two time constants and 77 % at five (64-32-32-10, linear, initial
weights; ``tuft stream --uncentred`` measures 262 and 77 %), and no remedy at all is better then.
Centre the inputs, or use ``mean_corrected`` (1 %), which needs many presentations to know the mean.

**What it costs.** Products of different presentations do not vanish, they only average out. For
centred factors the sum of their squared weights, ``sum_{m != 0} r_m^2`` against ``r_0^2 = w^2``
(r_m the overlap of k with k shifted by m presentations), is noise beside the signal that Algorithm
1 does not have: of order sigma/T for a delay of standard deviation sigma, so the rate must be
smaller or more samples averaged in that proportion. It grows with depth: sigma^2 is
``L tau_u^2 + (L-i-1)(tau_a^2 + tau_x^2)``. The whole formula is
:func:`models.theory.eligibility_variance`; ``tuft stream`` measures it.

**What is not matched.** In a network that is not linear, f' belongs to the stimulus now while the
error belongs to an earlier one; ``late_gain`` passes f' through the stages that it is missing,
``(L-i+1) tau_u + (L-i) (tau_a + tau_x)`` in layer i. That f filters the sum rather than sums the
filtered remains.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from brian2 import Equations, Quantity, second

from compartments.domains import Positive, Time, check_fields, such_that
from compartments.neuron import Neuron
from compartments.traces import with_expression, with_trace
from models.theory import same_presentation

SignedStages = Annotated[int, such_that("a whole number in -100..100", lambda n: -100 <= n <= 100)]
"""Further stages; each is an equation of its own."""


@dataclass(frozen=True)
class Eligibility:
    """How presynaptic factors wait for the error; see the module.

    Parameters
    ----------
    presentation : Quantity, optional
        Presentation time for which the rate is divided by the chance of meeting, w.
    mean_corrected : bool
        Give back the bias of factors whose mean is not zero; needs ``presentation``.
    tau_mean : Quantity
        Time constant of that mean; many presentations.
    late_gain : bool
        Let f' wait for the error, too.
    scale : float
        Factor of all time constants of the traces; 1 matches.
    extra_stages : int
        Stages of tau_u too many (or, if negative, too few) in the traces of u; 0 matches.

    Raises
    ------
    ValueError
        For times that are none, or ``mean_corrected`` without ``presentation``.
    """

    presentation: Time | None = None
    mean_corrected: bool = False
    tau_mean: Time = field(default_factory=lambda: 10 * second)
    late_gain: bool = False
    scale: Positive = 1.0
    extra_stages: SignedStages = 0

    def __post_init__(self) -> None:
        check_fields(self)
        if self.mean_corrected and self.presentation is None:
            raise ValueError("Eligibility: mean_corrected needs the presentation time.")

    @property
    def factor(self) -> str:
        """The variable that stands in for u in the rules."""
        return "u_trace" if self.presentation is None else "eligible"


def stages(layer: int, depth: int, extra: int = 0) -> tuple[str, ...]:
    """The stages by which u of a layer is younger than the delta of the layer above."""
    above = depth - layer - 1
    return ("tau_u",) * max(above + 1 + extra, 0) + ("tau_a", "tau_x") * above


def gain_stages(layer: int, depth: int) -> tuple[str, ...]:
    """The stages by which f' of a layer is younger than its error."""
    return ("tau_u",) * (depth - layer + 1) + ("tau_a", "tau_x") * (depth - layer)


DELTA_STAGES = ("tau_a", "tau_x")
"""The stages by which delta of a layer is younger than the error of the layer below."""


def chance_of_meeting(
    eligibility: Eligibility, layer: int, depth: int, times_ms: dict[str, float]
) -> float:
    """w of a synapse from that layer upward, with the traces as they are (perhaps mis-tuned).

    Parameters
    ----------
    eligibility : Eligibility
        With a presentation time.
    layer, depth : int
        Presynaptic layer i, and L.
    times_ms : dict of str to float
        ``tau_u``, ``tau_a``, ``tau_x`` in milliseconds.
    """
    assert eligibility.presentation is not None
    above = depth - layer - 1
    late = [times_ms[name] for name in ("tau_u",) * depth + ("tau_a", "tau_x") * above]
    names = stages(layer, depth, eligibility.extra_stages)
    trace = [times_ms["tau_u"]] * layer + [times_ms[n] * eligibility.scale for n in names]
    return same_presentation(late, trace, float(eligibility.presentation / second) * 1e3)


def eligible_neuron(
    neuron: Neuron,
    eligibility: Eligibility,
    layer: int,
    depth: int,
    times: dict[str, Quantity],
    *,
    delta: bool,
) -> Neuron:
    """A neuron of that layer with the traces that its synapses read.

    Parameters
    ----------
    neuron : Neuron
        With u, and above the input with delta.
    eligibility : Eligibility
        Which traces.
    layer, depth : int
        i, and L.
    times : dict of str to Quantity
        ``tau_u``, ``tau_a``, ``tau_x``.
    delta : bool
        Whether feedback synapses need the trace of delta.
    """
    scaled = {f"tau_trace_{n[-1]}": eligibility.scale * tau for n, tau in times.items()}

    def named(line: Sequence[str]) -> list[str]:
        return [f"tau_trace_{name[-1]}" for name in line]

    if delta:
        neuron = with_trace(neuron, "delta", "delta_trace", named(DELTA_STAGES), scaled)
    if layer == depth:
        return neuron
    line = stages(layer, depth, eligibility.extra_stages)
    if line:
        neuron = with_trace(neuron, "u", "u_trace", named(line), scaled)
    else:
        neuron = with_expression(neuron, "u line", Equations("u_trace = u : 1"), {})
    if eligibility.presentation is None:
        return neuron
    times_ms = {name: float(tau / second) * 1e3 for name, tau in times.items()}
    contrast = 1 / chance_of_meeting(eligibility, layer, depth, times_ms)
    if not eligibility.mean_corrected:
        equations = Equations("eligible = contrast*u_trace : 1 (constant over dt)")
        return with_expression(neuron, "eligibility", equations, {"contrast": contrast})
    equations = Equations(
        """
        du_mean/dt = (u_trace - u_mean)/tau_mean : 1
        eligible = u_mean + contrast*(u_trace - u_mean) : 1 (constant over dt)
        """
    )
    parameters = {"contrast": contrast, "tau_mean": eligibility.tau_mean}
    return with_expression(neuron, "eligibility", equations, parameters)
