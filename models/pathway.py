"""Synapses from one population to another, and how their weights change."""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from jaxtyping import Bool

from compartments.checks import check_kind, check_sequence
from compartments.domains import Finite, TimeOrZero, check_value, shown
from compartments.events import ADDING
from compartments.plasticity import PlasticityRule
from compartments.representation import equation_text, html_table
from compartments.strings import Statement, plain_name, statements


@dataclass(frozen=True, eq=False, repr=False)
class Pathway:
    """Synapses from one population to another, and how their weights change.

    Parameters
    ----------
    name : str
        Also the name of its array in a :class:`WeightBundle`.
    pre, post : str
        Populations.
    target : str
        The variable of ``post`` that receives the sum, such as ``"drive"``.
    sends : str
        The variable of ``pre`` that is transmitted; each synapse adds ``w * sends``. With
        ``on_pre`` an event of it.
    rule : PlasticityRule, optional
        None for weights that stay.
    upward : bool
        True where ``post`` is above ``pre``. Weights are (n_above, n_below) either way.
    mask : array of bool, (n_above, n_below), optional
        Which synapses there are (:mod:`models.wiring`); all of them unless told otherwise.
    bounds : tuple of float or None
        The least and the largest weight; None is no bound, ``(0, None)`` is an excitatory pathway.
        After every time step weights beyond a bound are put back to it.
    delay : Quantity
        From sending to arriving, whole time steps; until then nothing (0) has arrived. What the
        rule reads of ``pre`` arrives with the same delay.
    beyond : tuple of str
        What the rule reads although it is not known at the synapse (:mod:`models.locality`), as
        the rule names it, such as ``"u_post"``: exactly that, no less and no more.
    on_pre : str
        What each synapse does to ``target``, then a state of ``post``, when the event arrives:
        ``"g_post += w"``. It adds, and reads the weight, other variables of the synapse, and of
        ``post`` what is known there.

    Raises
    ------
    ValueError, TypeError
        For a name that is none; a rule, a flag, a mask, bounds or a delay of another kind.
    """

    name: str
    pre: str
    post: str
    target: str
    sends: str
    rule: PlasticityRule | None = None
    upward: bool = True
    mask: Bool[np.ndarray, "n_above n_below"] | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    delay: Quantity = field(default_factory=lambda: 0 * ms)
    beyond: tuple[str, ...] = ()
    on_pre: str = ""

    def __post_init__(self) -> None:
        for name in ("name", "pre", "post", "target", "sends"):
            value = getattr(self, name)
            check_kind(f"Pathway {shown(self.name)}", name, value, str, "a name")
        plain_name("Pathway", self.name, "pathway")
        if self.rule is not None:
            where = f"Pathway {self.name!r}"
            check_kind(where, "rule", self.rule, PlasticityRule, "PlasticityRule(...) or None")
        check_value(f"Pathway {self.name!r}", "upward", self.upward, bool)
        check_value(f"Pathway {self.name!r}", "delay", self.delay, TimeOrZero)
        if self.mask is not None:
            object.__setattr__(self, "mask", self._checked_mask())
        object.__setattr__(self, "bounds", self._checked_bounds())
        beyond = check_sequence(f"Pathway {self.name!r}", "beyond", self.beyond, "names")
        object.__setattr__(self, "beyond", tuple(beyond))
        check_value(f"Pathway {self.name!r}", "on_pre", self.on_pre, str)
        object.__setattr__(self, "_effects", self._checked_effects())

    def __repr__(self) -> str:
        parts = [f"{name} {value}".strip() for name, value in self._wiring()]
        route = f"{self.pre}.{self.sends} -> {self.post}.{self.target}"
        return f"Pathway {self.name!r}: {route}; {', '.join(parts)}"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, str]] = [
            ("from", f"{self.pre}.{self.sends}"),
            ("to", f"{self.post}.{self.target}"),
            *((name or "weights", value) for name, value in self._wiring()),
        ]
        if self.rule is not None:
            rows += [("equation", equation_text(line)) for line in self.rule.equations.values()]
            rows += [("constant", f"{key} = {v}") for key, v in self.rule.parameters.items()]
        return html_table(f"Pathway {self.name!r}", ("", ""), rows)

    def _wiring(self) -> list[tuple[str, str]]:
        """Its rule, and everything that is not as in a plain pathway: (name, value)."""
        found = [("", "fixed") if self.rule is None else ("rule", repr(self.rule.name))]
        if not self.upward:
            found.append(("", "downward"))
        if self.mask is not None:
            found.append(("synapses", f"{int(self.mask.sum())} of {self.mask.size}"))
        if self.is_bounded:
            found.append(("bounds", str(self.bounds)))
        if float(self.delay):
            found.append(("delay", str(self.delay)))
        if self.on_pre:
            found.append(("at an event", "; ".join(map(str, self.effects))))
        if self.beyond:
            found.append(("read beyond the synapse", ", ".join(self.beyond)))
        return found

    def _checked_effects(self) -> tuple[Statement, ...]:
        where = f"Pathway {self.name!r}, on_pre"
        found = statements(where, self.on_pre)
        for one in found:
            wanted = f"{self.target}_post"
            if one.target != wanted or one.operator not in ADDING or wanted in one.value.names:
                raise ValueError(
                    f"{where}: {str(one)!r}: events that arrive at once add, so it must add to "
                    f"{wanted!r} (+=, -=) what does not depend on it."
                )
            if one.value.called & {"rand", "randn", "poisson"}:
                raise ValueError(f"{where}: {str(one)!r} draws; synapses are not random.")
        return found

    @property
    def effects(self) -> tuple[Statement, ...]:
        """What an event does to the target; nothing where a variable is sent."""
        return self._effects  # type: ignore[attr-defined]

    @property
    def sends_events(self) -> bool:
        """Whether it is an event that is sent, and no variable."""
        return bool(self.effects)

    @property
    def effect_reads(self) -> frozenset[str]:
        """The names that the effects of an event read."""
        return frozenset().union(*(one.value.names for one in self.effects))

    def _checked_mask(self) -> Bool[np.ndarray, "n_above n_below"]:
        if np.ma.is_masked(self.mask):
            raise ValueError(f"Pathway {self.name!r}: mask has masked entries itself; fill them.")
        try:
            mask = np.array(self.mask)
        except (ValueError, TypeError, RuntimeError):
            raise ValueError(
                f"Pathway {self.name!r}: mask must be an array (n_above, n_below), its rows of one "
                f"length, got {shown(self.mask)}."
            ) from None
        if mask.dtype != bool or mask.ndim != 2 or not mask.any():
            raise ValueError(
                f"Pathway {self.name!r}: mask must be True or False for each synapse, (n_above, "
                f"n_below), and True for one at least; got {mask.dtype} of shape {mask.shape}."
            )
        mask.setflags(write=False)
        return mask

    def _checked_bounds(self) -> tuple[float | None, float | None]:
        where = f"Pathway {self.name!r}"
        pair = check_sequence(where, "bounds", self.bounds, "two numbers or None")
        if len(pair) != 2:
            raise ValueError(f"{where}: bounds must be (least, largest), got {self.bounds!r}.")
        for bound in pair:
            check_value(where, "bounds", bound, Finite | None)
        least, largest = (None if bound is None else float(bound) for bound in pair)
        if least is not None and largest is not None and least >= largest:
            raise ValueError(f"{where}: bounds must rise, got {self.bounds!r}.")
        return least, largest

    @property
    def reads_pre(self) -> frozenset[str]:
        """The variables of ``pre`` that its synapses read: what is sent, what the rule reads."""
        sent = frozenset() if self.sends_events else frozenset({self.sends})
        return sent | (self.rule.reads_pre if self.rule else frozenset())

    @property
    def is_bounded(self) -> bool:
        """Whether any weight can meet a bound."""
        return self.bounds != (None, None)

    def delay_steps(self, dt: Quantity) -> int:
        """The delay in steps of dt.

        Raises
        ------
        ValueError
            If it is not a whole number of steps.
        """
        exact = float(self.delay / dt)
        if abs(exact - round(exact)) > 1e-6 or (self.delay > 0 and round(exact) == 0):
            raise ValueError(
                f"Pathway {self.name!r}: delay ({self.delay}) must be a multiple of dt ({dt})."
            )
        return round(exact)
