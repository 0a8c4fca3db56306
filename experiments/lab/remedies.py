"""What is done against the bias of transients, by name: options of the description, and a lag."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brian2 import Quantity

from compartments.names import look_up
from models import Eligibility


@dataclass(frozen=True)
class Remedy:
    """Options of a network for a presentation time and a time step, and a learning lag.

    Parameters
    ----------
    label : str
        For figures.
    options : callable
        (presentation, dt) to keyword arguments of :func:`models.dll_network`.
    lagged : bool
        Whether plasticity waits after each switch.
    """

    label: str
    options: Callable[[Quantity, Quantity], Mapping[str, Any]]
    lagged: bool = False


BOTH = {"matched_soma": True, "filtered_target": True}


def _plain(**options: Any) -> Callable[[Quantity, Quantity], Mapping[str, Any]]:
    return lambda presentation, dt: options


def _waiting(
    *, rate: bool = True, mean: bool = False, options: Mapping[str, Any] = BOTH, **fields: Any
) -> Callable[[Quantity, Quantity], Mapping[str, Any]]:
    """Eligibility for the presentation time, with ``options`` beside it."""

    def described(presentation: Quantity, dt: Quantity) -> Mapping[str, Any]:
        own = {"presentation": presentation} if rate else {}
        if mean:
            own |= {"mean_corrected": True, "tau_mean": 100 * presentation}
        return {**options, "eligibility": Eligibility(**own, **fields)}

    return described


REMEDIES: dict[str, Remedy] = {
    "none": Remedy("none", _plain()),
    "lag": Remedy("learning lag", _plain(), lagged=True),
    "matched": Remedy("matched soma", _plain(matched_soma=True)),
    "filtered": Remedy("filtered target", _plain(filtered_target=True)),
    "both": Remedy("matched soma + filtered target", _plain(**BOTH)),
    "both-lag": Remedy("both + lag", _plain(**BOTH), lagged=True),
    "low-pass": Remedy("low-pass plasticity", lambda T, dt: {"tau_w": 5 * T}),
    "look-ahead": Remedy("look-ahead coding", lambda T, dt: {"prospective": dt}),
    "eligibility": Remedy("delay-matched eligibility", _waiting()),
    "eligibility-gain": Remedy("eligibility, f' waits too", _waiting(late_gain=True)),
    "eligibility-mean": Remedy("eligibility, mean-corrected", _waiting(mean=True)),
    "eligibility-gain-mean": Remedy(
        "eligibility, f' waits, mean-corrected", _waiting(mean=True, late_gain=True)
    ),
    # ablation
    "eligibility-uncorrected": Remedy("eligibility, rate not divided by w", _waiting(rate=False)),
    "eligibility-alone": Remedy("eligibility, neither matched nor filtered", _waiting(options={})),
    "eligibility-matched": Remedy(
        "eligibility, target not filtered", _waiting(options={"matched_soma": True})
    ),
    "eligibility-filtered": Remedy(
        "eligibility, soma not matched", _waiting(options={"filtered_target": True})
    ),
    "eligibility-fixed-theta": Remedy(
        "eligibility, Theta fixed", _waiting(options={**BOTH, "theta_rule": "fixed"})
    ),
    # mis-tuned
    "eligibility-faster": Remedy("traces 30 % too fast", _waiting(scale=0.7)),
    "eligibility-slower": Remedy("traces 30 % too slow", _waiting(scale=1.3)),
    "eligibility-stage-less": Remedy("one stage too few", _waiting(extra_stages=-1)),
    "eligibility-stage-more": Remedy("one stage too many", _waiting(extra_stages=1)),
}
"""All remedies, a line each."""


def remedy(name: str) -> Remedy:
    """The remedy of that name.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    return look_up("remedy", name, REMEDIES)
