"""Where a dendritic microcircuit rests, as pure functions over batches (Sacramento et al. 2018).

Three of them: the paper's recursion, the same with what the conductances make of a dendrite's
potential, and the rest itself, of which both recursions are one sweep: an apical potential that is
not 0 moves its soma, and with it all areas above and what the interneurons hear. Recursions take
weights and rates with an axis of copies in front, too.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from models.microcircuit_options import DendriticGains, NudgingShares
from rate_bridge.references.fixed_point import NoFixedPointError

SETTLED_WITHIN = 1e-13
"""The last step of an apical potential, relative to 1 + |potential|; of float64."""

SWEEPS = 2000
"""With weak feedback ten are enough; each halves its step where the last one went astray."""

Area = Float[Tensor, "*copies batch _n"]
Phi = Callable[[Tensor], Tensor]


class Circuit(NamedTuple):
    """Weights by area, (n_above, n_below), and what scales them.

    Recursions take copies, too, as an axis in front of every weight, bias and potential.
    ``IP``, ``PI``, ``theta`` and ``bI`` begin with the first hidden area; without biases ``b`` and
    ``bI`` are zeros.
    """

    W: Sequence[Tensor]
    b: Sequence[Tensor]
    theta: Sequence[Tensor]
    IP: Sequence[Tensor]
    bI: Sequence[Tensor]
    PI: Sequence[Tensor]
    phi: Phi
    gains: DendriticGains
    shares: NudgingShares

    def dendrite(self, k: int) -> float:
        """v_hat over v of area k + 1."""
        return self.gains.output if k == len(self.W) - 1 else self.gains.hidden

    def beside(self, k: int) -> tuple[float, float]:
        """v_hat over v, and lambda, of the interneurons of hidden area k + 1."""
        if k == len(self.theta) - 1:
            return self.gains.below_output, self.shares.below_output
        return self.gains.below_hidden, self.shares.below_hidden


class Potentials(NamedTuple):
    """Potentials of every area, (batch, n): areas above the input, and of hidden ones the rest."""

    v_B: list[Tensor]
    v_hat: list[Tensor]
    u: list[Tensor]
    v: list[Tensor]  # interneurons' dendrites
    v_hat_I: list[Tensor]
    u_I: list[Tensor]
    feedback: list[Tensor]
    lateral: list[Tensor]

    @property
    def v_A(self) -> list[Tensor]:
        """The apical potentials."""
        return [a + b for a, b in zip(self.feedback, self.lateral, strict=True)]


class Teacher(NamedTuple):
    """A target potential, and the share lambda of it in the output's soma, (batch, 1)."""

    target: Area
    share: Float[Tensor, "*copies batch 1"]

    @classmethod
    def shown(cls, target: Area, on: Tensor, share: float) -> "Teacher":
        """A target that is there to the degree ``on``, of which all would have that share."""
        return cls(target, on * share / (1 - share + on * share))


def paper_recursion(c: Circuit, r_0: Area, teacher: Teacher) -> Potentials:
    """The steady state as the paper's supplement computes it: from below, then from above.

    On the way up u = v, without any conductance; then every soma is a convex combination
    (1 - lambda) v + lambda w of its dendrite and what nudges it.
    """
    return _recursion(c._replace(gains=DendriticGains(1, 1, 1, 1)), r_0, teacher, convex=True)


def leaky_recursion(c: Circuit, r_0: Area, teacher: Teacher) -> Potentials:
    """The same order with v_hat for v, and v_hat + lambda v_A in hidden areas."""
    return _recursion(c, r_0, teacher, convex=False)


def _recursion(c: Circuit, r_0: Area, teacher: Teacher, convex: bool) -> Potentials:
    silent = [torch.zeros_like(r_0[..., :1]) for _ in c.theta]
    p = _upward(c, r_0, teacher, silent)
    kept = 1 - c.shares.hidden if convex else 1.0
    for k in reversed(range(len(c.theta))):
        for found, value in zip((p.u_I, p.feedback, p.lateral), _beside(c, p, k), strict=True):
            found.insert(0, value)
        p.u[k] = kept * p.v_hat[k] + c.shares.hidden * (p.feedback[0] + p.lateral[0])
    return p


def swept(c: Circuit, r_0: Area, teacher: Teacher, v_A: Sequence[Area]) -> Potentials:
    """All potentials, from below to above, where apical potentials are given; the new ones too."""
    p = _upward(c, r_0, teacher, v_A)
    for k in range(len(v_A)):
        for found, value in zip((p.u_I, p.feedback, p.lateral), _beside(c, p, k), strict=True):
            found.append(value)
    return p


def _upward(c: Circuit, r_0: Area, teacher: Teacher, v_A: Sequence[Area]) -> Potentials:
    """What bottom-up weights make of pyramidal neurons, and of interneurons' dendrites."""
    p, rate = Potentials([], [], [], [], [], [], [], []), r_0
    for k, (weights, bias) in enumerate(zip(c.W, c.b, strict=True)):
        p.v_B.append(rate @ weights.mT + bias)
        p.v_hat.append(c.dendrite(k) * p.v_B[-1])
        if k < len(v_A):
            p.u.append(p.v_hat[-1] + c.shares.hidden * v_A[k])
        else:
            p.u.append((1 - teacher.share) * p.v_hat[-1] + teacher.share * teacher.target)
        rate = c.phi(p.u[-1])
        if k < len(v_A):
            p.v.append(rate @ c.IP[k].mT + c.bI[k])
            p.v_hat_I.append(c.beside(k)[0] * p.v[-1])
    return p


def _beside(c: Circuit, p: Potentials, k: int) -> tuple[Area, Area, Area]:
    """Interneurons' somata of hidden area k + 1, and what both parts of its apical input say."""
    share = c.beside(k)[1]
    u_I = (1 - share) * p.v_hat_I[k] + share * p.u[k + 1]
    return u_I, c.phi(p.u[k + 1]) @ c.theta[k], c.phi(u_I) @ c.PI[k]


def rest(
    c: Circuit, r_0: Area, teacher: Teacher, tolerance: float = SETTLED_WITHIN
) -> tuple[Potentials, Float[Tensor, "batch"]]:
    """Where the circuit rests, and how far the last sweep still moved an apical potential.

    Parameters
    ----------
    c : Circuit
        Weights and constants.
    r_0 : Tensor, (batch, n_in)
        What the input sends.
    teacher : Teacher
        What nudges the output.
    tolerance : float
        For the last move, relative to 1 + |potential|.

    Raises
    ------
    NoFixedPointError
        If sweeps do not come to rest; names the sample and what is left.
    """
    widths = [w.shape[1] for w in c.theta]
    v_A = r_0.new_zeros(len(r_0), sum(widths))
    step, before = r_0.new_ones(len(r_0), 1), r_0.new_full((len(r_0),), torch.inf)
    for _ in range(SWEEPS):
        p = swept(c, r_0, teacher, v_A.split(widths, dim=1) if widths else ())
        if not widths:
            return p, torch.zeros_like(before)
        move = torch.cat(p.v_A, 1) - v_A
        left = (move.abs() / (1 + v_A.abs())).amax(1)
        if bool((left <= tolerance).all()):
            return p, left
        astray = (left > 0.99 * before) & (left > tolerance)
        step = torch.where(astray[:, None], (step / 2).clamp_min(1e-3), step)
        v_A, before = v_A + step * move, left
    worst = int(left.argmax())
    raise NoFixedPointError(
        f"The microcircuit did not come to rest: after {SWEEPS} sweeps sample {worst} still moves "
        f"by {float(left[worst]):.1e} (relative to 1 + |potential|). Lower the weights or g_A."
    )


def rule_factors(
    p: Potentials, phi: Phi, r_0: Area, always: Float[Tensor, "*copies batch 1"]
) -> dict[str, tuple[Tensor, Tensor]]:
    """What meets at the synapses of every pathway: (batch, n_above) and (batch, n_below).

    Eqs. 7 to 10 by the pathways' names, without rates; ``always`` is what the constant unit sends.
    """
    rates = [r_0, *(phi(u) for u in p.u)]
    found = {}
    for k in range(len(p.u)):
        surprise = rates[k + 1] - phi(p.v_hat[k])
        found[f"W{k}"], found[f"b{k}"] = (surprise, rates[k]), (surprise, always)
    for k, (u_I, v_A) in enumerate(zip(p.u_I, p.v_A, strict=True), 1):
        r_I = phi(u_I)
        surprise = r_I - phi(p.v_hat_I[k - 1])
        found[f"IP{k}"], found[f"bI{k}"] = (surprise, rates[k]), (surprise, always)
        found[f"PI{k}"] = (r_I, -v_A)
        found[f"theta{k}"] = (rates[k + 1], rates[k] - phi(p.feedback[k - 1]))
    return found
