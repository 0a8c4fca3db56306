"""What ``tuft compare`` sweeps: presentation time, lag, dt, eta, remedy and depth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.lab.models import ChosenModel
from experiments.lab.remedies import remedy

PURE_ETA = 1e-5
"""Share of the learning rates that is kept where weights should not move while they are measured.

Small enough that the drift within a presentation (theory.md 3) is far below what is measured.
"""

COMPARED = (
    "none",
    "lag",
    "matched",
    "filtered",
    "both",
    "both-lag",
    "low-pass",
    "look-ahead",
    "eligibility",
)
"""Which of the remedies are swept."""

CLAMPED = ("look-ahead", "eligibility")
"""Remedies that a nudged output (option ``beta``) does not have."""


def fitting(model: ChosenModel, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of :data:`COMPARED` a model has the options for, with what of them is given."""
    nudged = given.get("beta") is not None
    return tuple(
        name
        for name in COMPARED
        if set(remedy(name).sets) <= set(model.options) and not (nudged and name in CLAMPED)
    )


def without(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that no remedy sets."""
    own = {option for name in COMPARED for option in remedy(name).sets}
    return {name: value for name, value in given.items() if name not in own}


@dataclass(frozen=True)
class Setting:
    """What is simulated, but for the seed; all times in units of tau (:attr:`Material.tau`).

    ``weights`` names those to start from; with a ``depth`` (that many hidden layers, each of the
    first one's width) they are the initial ones of that network.
    """

    presentation: float = 40.0
    lag: float = 0.0
    dt: float = 0.1
    eta_scale: float = PURE_ETA
    remedy: str = "none"
    weights: str = "initial"
    depth: int | None = None


@dataclass(frozen=True)
class Point:
    """A value of a sweep, and the setting that it stands for."""

    sweep: str
    value: float | str
    setting: Setting


def sweeps(
    *, quick: bool = False, names: Sequence[str] = COMPARED, hidden: bool = True
) -> list[Point]:
    """The points of all sweeps.

    Parameters
    ----------
    quick : bool
        Only presentation time and, at 20 tau, remedies.
    names : sequence of str
        Remedies, beginning with none.
    hidden : bool
        Whether there is a hidden layer, whose width networks of other depths could have.
    """
    both = ("initial", "learned")
    times = (5.0, 10.0, 20.0, 40.0) if quick else (5.0, 10.0, 20.0, 40.0, 80.0)
    points = [Point("presentation", T, Setting(T, weights=w)) for T in times for w in both]
    for name in names:
        at = [Setting(20.0, remedy=name, weights=w) for w in both]
        points += [Point("remedy", name, setting) for setting in at]
    return points if quick else points + list(_slow_sweeps(names, both, hidden))


def _slow_sweeps(names: Sequence[str], both: Sequence[str], hidden: bool) -> Iterator[Point]:
    for T in (2.0, 5.0, 10.0, 20.0, 40.0):
        for name in names:
            yield from (Point("plane", T, Setting(T, remedy=name, weights=w)) for w in both)
    for lag in (0.0, 5.0, 10.0, 15.0, 20.0, 25.0):
        yield Point("lag", lag, Setting(lag=lag))
    for dt in (0.025, 0.05, 0.1, 0.2, 0.4):
        yield Point("dt", dt, Setting(dt=dt))
    for scale in (0.1, 0.3, 1.0, 3.0, 10.0):
        yield Point("eta", scale, Setting(lag=16.0, eta_scale=scale))
    for depth in (1, 2, 3, 4) if hidden else ():
        for name in ("none", "lag", "both", "eligibility"):
            if name in names:
                yield Point("depth", depth, Setting(20.0, remedy=name, depth=depth))
