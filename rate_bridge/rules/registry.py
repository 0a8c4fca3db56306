"""Which rules there are: one line each."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from compartments.lookup import look_up, unknown_name
from rate_bridge.rules.base import Rule
from rate_bridge.rules.bp import Backprop
from rate_bridge.rules.brsf import BatchwiseRandomSign
from rate_bridge.rules.dfa import DirectFeedbackAlignment
from rate_bridge.rules.dll import DLL, DLL_RULES
from rate_bridge.rules.fa import FeedbackAlignment
from rate_bridge.rules.frsf import FixedRandomSign
from rate_bridge.rules.kp import KolenPollack
from rate_bridge.rules.usf import UniformSign
from rate_bridge.rules.wm import WeightMirror

RULES: dict[str, Callable[..., Rule]] = {
    "bp": Backprop,
    "fa": FeedbackAlignment,
    "dfa": DirectFeedbackAlignment,
    "usf": UniformSign,
    "brsf": BatchwiseRandomSign,
    "frsf": FixedRandomSign,
    "kp": KolenPollack,
    "wm": WeightMirror,
    "dll": DLL,
}

RULE_NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in RULES},
    **{f"dll-{change}": ("dll", {"theta_rule": change}) for change in DLL_RULES},
}
"""Every name under which a rule is asked for: its rule and the options that the name implies."""


def make_rule(rule: str | Rule, **options: Any) -> Rule:
    """The rule of that name with those options; a :class:`Rule` passes through.

    >>> make_rule("dll-plus")
    DLL(theta_rule='plus', theta_std=None)
    >>> make_rule("dll", theta_rule="kp").name
    'kp'

    Raises
    ------
    ValueError
        On an unknown rule, or an option that the rule does not have.
    """
    if isinstance(rule, Rule):
        if options:
            raise ValueError(
                f"Rule {rule.name!r} came ready-made, so its options are set already; "
                f"got {', '.join(sorted(options))} beside it. Give the rule's name instead."
            )
        return rule
    name, implied = look_up("rule", rule, RULE_NAMES)
    kind, options = RULES[name], {**implied, **options}
    if kind is DLL and options.get("theta_rule") == "kp":
        kind = KolenPollack
        options = {name: value for name, value in options.items() if name != "theta_rule"}
    valid = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for option in options:
        if option not in valid:
            raise unknown_name(f"option of rule {rule!r}:", option, valid or ["(none)"])
    return kind(**options)
