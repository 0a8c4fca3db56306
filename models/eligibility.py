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
of its own variable; which they are follows from the delays that neurons declare
(:mod:`models.delays`), for this network and for others. Nothing else changes: no phases, no
look-ahead, and what a synapse multiplies are still variables of its two neurons. Kolen-Pollack's
Theta takes the same trace of u_i.

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

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from brian2 import Equations, Quantity, second

from compartments.domains import Positive, Time, check_fields, such_that
from compartments.neuron import Neuron
from compartments.ports import Ports
from compartments.traces import with_expression, with_trace
from models.delays import DelayStage, SignalDelays, missing
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


@dataclass(frozen=True)
class Waiting:
    """What a neuron's variables wait for, as stages.

    Parameters
    ----------
    u : tuple of DelayStage
        By which u is younger than the error that it meets above; empty where it meets none.
    sent : tuple of DelayStage
        Behind which u is already.
    late : tuple of DelayStage
        Behind which the error above is.
    delta : tuple of DelayStage
        By which delta is younger than the error that it meets below; empty where it meets none.
    """

    u: tuple[DelayStage, ...] = ()
    sent: tuple[DelayStage, ...] = ()
    late: tuple[DelayStage, ...] = ()
    delta: tuple[DelayStage, ...] = ()


def waiting(
    delays: SignalDelays, population: str, sends: str, above: str | None, below: str | None
) -> Waiting:
    """What the variables of a population wait for, from the delays of its network.

    Parameters
    ----------
    delays : SignalDelays
        Of the network without eligibility.
    population, sends : str
        Which, and the variable that it sends up.
    above, below : str, optional
        The populations whose error its u, and its delta, meet; None if there is none.
    """
    found: dict[str, tuple[DelayStage, ...]] = {}
    if above is not None:
        sent = delays.stages("stimulus", population, sends)
        late = delays.stages("stimulus", above, "delta")
        u = missing(f"Eligibility of {sends!r} of {population!r}", late, sent)
        found |= {"u": u, "sent": sent, "late": late}
    if below is not None:
        error = delays.stages("stimulus", below, "error")
        delta = delays.stages("stimulus", population, "delta")
        found["delta"] = missing(f"Eligibility of 'delta' of {population!r}", error, delta)
    return Waiting(**found)


def late_gain(delays: SignalDelays, population: str) -> tuple[str, ...]:
    """The stages by which f' of a population is younger than its error."""
    error, gain = (delays.stages("stimulus", population, name) for name in ("error", "gain"))
    return tuple(s.name for s in missing(f"Eligibility of f' of {population!r}", error, gain))


def trace_stages(eligibility: Eligibility, wait: Waiting) -> tuple[DelayStage, ...]:
    """The stages of the trace of u: those that it is missing, but for what is mis-tuned."""
    line, extra = list(wait.u), eligibility.extra_stages
    if not line or extra == 0:
        return wait.u
    first = line[0]
    for _ in range(-extra):
        same = [stage for stage in line if stage.name == first.name]
        if same:
            line.remove(same[0])
    return (first,) * extra + tuple(line)


def chance_of_meeting(eligibility: Eligibility, wait: Waiting) -> float:
    """w of the synapses upward, with the traces as they are (perhaps mis-tuned).

    Parameters
    ----------
    eligibility : Eligibility
        With a presentation time.
    wait : Waiting
        Of the presynaptic population.
    """
    assert eligibility.presentation is not None
    late = [stage.ms for stage in wait.late]
    line = [stage.ms * eligibility.scale for stage in trace_stages(eligibility, wait)]
    trace = [stage.ms for stage in wait.sent] + line
    return same_presentation(late, trace, float(eligibility.presentation / second) * 1e3)


def eligible_neuron(
    neuron: Neuron, eligibility: Eligibility, wait: Waiting, *, sends: str | None
) -> Neuron:
    """The neuron with the traces that its synapses read, and ports that say so.

    Parameters
    ----------
    neuron : Neuron
        With what it sends up, and above the input with delta.
    eligibility : Eligibility
        Which traces.
    wait : Waiting
        What they wait for.
    sends : str, optional
        The variable that it sends up; None where nothing above learns from it.
    """
    times = _named_times([*wait.delta, *wait.u], eligibility.scale)
    if wait.delta:
        line = [times[stage.population, stage.name][0] for stage in wait.delta]
        neuron = with_trace(neuron, "delta", "delta_trace", line, dict(times.values()))
        neuron = _reading(neuron, delta="delta_trace")
    if sends is None:
        return neuron
    trace = trace_stages(eligibility, wait)
    if trace:
        line = [times[stage.population, stage.name][0] for stage in trace]
        neuron = with_trace(neuron, sends, "u_trace", line, dict(times.values()))
    else:
        neuron = with_expression(neuron, "u line", Equations(f"u_trace = {sends} : 1"), {})
    if eligibility.presentation is not None:
        neuron = _corrected(neuron, eligibility, 1 / chance_of_meeting(eligibility, wait))
    return _reading(neuron, u=eligibility.factor)


def _corrected(neuron: Neuron, eligibility: Eligibility, contrast: float) -> Neuron:
    """The neuron with ``eligible``: its trace over the chance of meeting."""
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


def _named_times(
    stages: Iterable[DelayStage], scale: float
) -> dict[tuple[str, str], tuple[str, Quantity]]:
    """By population and name of a stage, its trace's time constant: name and value."""
    found: dict[tuple[str, str], tuple[str, Quantity]] = {}
    taken: dict[str, float] = {}
    for stage in stages:
        plain = re.sub(r"\W+", "_", stage.name.removeprefix("tau_")).strip("_")
        name = f"tau_trace_{plain}"
        if taken.setdefault(name, stage.ms) != stage.ms:  # another population's, of that name
            name = f"{name}_{stage.population}"
            taken[name] = stage.ms
        found[stage.population, stage.name] = (name, scale * stage.time)
    return found


def _reading(neuron: Neuron, **instead: str) -> Neuron:
    """The neuron whose rules read other variables: of u wherever they do, of delta below."""

    def changed(factors: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
        return {**factors, **{n: instead[n] for n in names if n in factors and n in instead}}

    ports = neuron.ports
    inputs = tuple(replace(p, factors=changed(p.factors, ["u"])) for p in ports.inputs)
    sends = tuple(replace(s, factors=changed(s.factors, ["u", "delta"])) for s in ports.sends)
    return replace(neuron, ports=Ports(inputs, sends, ports.delays))
