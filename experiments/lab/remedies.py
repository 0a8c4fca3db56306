"""What is done against the bias of transients, by name: options of the description, and a lag.

Every number that a remedy leaves free stands with its candidates, so that all are tuned alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from brian2 import Quantity, ms

from compartments.lookup import look_up
from experiments.lab.models import ChosenModel
from models import Eligibility


@dataclass(frozen=True)
class FreeNumber:
    """A number that a remedy leaves open.

    Parameters
    ----------
    values : tuple of float
        Candidates, from the smallest to the largest.
    default : float
        Its value where it is not tuned.
    """

    values: tuple[float, ...]
    default: float


@dataclass(frozen=True)
class Remedy:
    """Options of a network for a presentation time and a time step, and what they leave free.

    Parameters
    ----------
    label : str
        For figures.
    options : callable
        (presentation, dt, **numbers) to options of a model.
    free : mapping of str to FreeNumber
        The numbers by name. ``lag_share`` is the share of the presentation for which plasticity
        waits after each switch; ``step_ms`` is the time step, too.
    told_of_switches : bool
        Whether it needs a signal that tells all synapses when the stimulus has switched.
    rival : bool
        Whether delay-matched eligibility is held against it; not so its own variants.
    slow : float
        Time constant of a mean that it keeps, in presentations; 0 if it keeps none.
    """

    label: str
    options: Callable[..., Mapping[str, Any]]
    free: Mapping[str, FreeNumber] = field(default_factory=dict)
    told_of_switches: bool = False
    rival: bool = True
    slow: float = 0.0

    @property
    def sets(self) -> tuple[str, ...]:
        """The options that it sets."""
        return tuple(self.options(100 * ms, ms, **self.defaults))

    @property
    def defaults(self) -> dict[str, float]:
        """Every free number's value where it is not tuned."""
        return {name: number.default for name, number in self.free.items()}

    @property
    def candidates(self) -> list[dict[str, float]]:
        """What is tried: the defaults, and each free number varied with the others as they are."""
        varied = [
            {**self.defaults, name: value}
            for name, number in self.free.items()
            for value in number.values
            if value != number.default
        ]
        return [self.defaults, *varied]


BOTH = {"matched_soma": True, "filtered_target": True}


LAG = {"lag_share": FreeNumber((0.4, 0.6, 0.75, 0.9, 0.95), 0.9)}
"""In parts of the presentation."""

TRACES = {
    "extra_stages": FreeNumber((-1, 0, 1), 0),
    "trace_scale": FreeNumber((0.7, 1.0, 1.3), 1.0),
}
"""Those of :class:`models.Eligibility`; 0 and 1 match."""

SLOW = 100
"""Presentations in the time constant of a mean."""


def _plain(**options: Any) -> Callable[..., Mapping[str, Any]]:
    return lambda presentation, dt, **numbers: options


def _filtering(presentation: Quantity, dt: Quantity, filter_share: float) -> Mapping[str, Any]:
    """Plasticity behind a low-pass of so many presentations."""
    return {"tau_w": filter_share * presentation}


def _looking_ahead(presentation: Quantity, dt: Quantity, **numbers: float) -> Mapping[str, Any]:
    """A derivative over one time step, which is the free number."""
    return {"neuron": "look-ahead", "constants": {"tau_d": dt}}


def _waiting(
    label: str,
    *,
    rate: bool = True,
    mean: bool = False,
    options: Mapping[str, Any] = BOTH,
    **fields: Any,
) -> Remedy:
    """Eligibility for the presentation time, with ``options`` beside it."""

    def described(
        presentation: Quantity, dt: Quantity, extra_stages: int = 0, trace_scale: float = 1.0
    ) -> Mapping[str, Any]:
        own = {"presentation": presentation} if rate else {}
        if mean:
            own |= {"mean_corrected": True, "tau_mean": SLOW * presentation}
        own |= {"extra_stages": int(extra_stages), "scale": trace_scale}
        return {**options, "eligibility": Eligibility(**own, **fields)}

    return Remedy(label, described, TRACES, rival=False, slow=SLOW if mean else 0.0)


REMEDIES: dict[str, Remedy] = {
    "none": Remedy("none", _plain()),
    "lag": Remedy("learning lag", _plain(), LAG, told_of_switches=True),
    "matched": Remedy("matched soma", _plain(matched_soma=True)),
    "filtered": Remedy("filtered target", _plain(filtered_target=True)),
    "both": Remedy("matched soma + filtered target", _plain(**BOTH)),
    "both-lag": Remedy("both + lag", _plain(**BOTH), LAG, told_of_switches=True),
    "low-pass": Remedy(
        "low-pass plasticity", _filtering, {"filter_share": FreeNumber((1, 2, 5, 10, 20), 5)}
    ),
    "look-ahead": Remedy(
        "look-ahead coding", _looking_ahead, {"step_ms": FreeNumber((0.5, 1.0, 2.0), 1.0)}
    ),
    "eligibility": _waiting("delay-matched eligibility"),
    "eligibility-gain": _waiting("eligibility, f' waits too", late_gain=True),
    "eligibility-mean": _waiting("eligibility, mean-corrected", mean=True),
    "eligibility-gain-mean": _waiting(
        "eligibility, f' waits, mean-corrected", mean=True, late_gain=True
    ),
    # ablation
    "eligibility-uncorrected": _waiting("eligibility, rate not divided by w", rate=False),
    "eligibility-alone": _waiting("eligibility, neither matched nor filtered", options={}),
    "eligibility-matched": _waiting(
        "eligibility, target not filtered", options={"matched_soma": True}
    ),
    "eligibility-filtered": _waiting(
        "eligibility, soma not matched", options={"filtered_target": True}
    ),
    "eligibility-fixed-theta": _waiting(
        "eligibility, Theta fixed", options={**BOTH, "theta_rule": "fixed"}
    ),
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


def check_remedies(names: Sequence[str], model: ChosenModel, given: Mapping[str, Any]) -> None:
    """Refuse remedies whose options a model lacks, or that set options which are given.

    Raises
    ------
    ValueError
        With the remedies that any model has.
    """
    for name in names:
        own = remedy(name)
        others = ", ".join(n for n in REMEDIES if not remedy(n).sets)
        why = f" The remedy {name!r} sets it; remedies for every model: {others}."
        model.need(*own.sets, why=why)
        for option in own.sets:
            if option in given:
                raise ValueError(
                    f"--options {option}: the remedy {name!r} sets it; leave out one of them."
                )
