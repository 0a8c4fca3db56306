"""Synapses from one population to another, and how their weights change."""

import re
from dataclasses import dataclass

from compartments.checks import check_kind
from compartments.domains import check_value, shown
from compartments.plasticity import PlasticityRule

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Pathway:
    """All-to-all synapses from one population to another, and how their weights change.

    Parameters
    ----------
    name : str
        Also the name of its array in a :class:`WeightBundle`.
    pre, post : str
        Populations.
    target : str
        The variable of ``post`` that receives the sum, such as ``"drive"``.
    sends : str
        The variable of ``pre`` that is transmitted; each synapse adds ``w * sends``.
    rule : PlasticityRule, optional
        None for weights that stay.
    upward : bool
        True where ``post`` is above ``pre``. Weights are (n_above, n_below) either way.

    Raises
    ------
    ValueError, TypeError
        For a name that is none, a rule or a flag of another kind.
    """

    name: str
    pre: str
    post: str
    target: str
    sends: str
    rule: PlasticityRule | None = None
    upward: bool = True

    def __post_init__(self) -> None:
        for name in ("name", "pre", "post", "target", "sends"):
            value = getattr(self, name)
            check_kind(f"Pathway {shown(self.name)}", name, value, str, "a name")
        if not _IDENTIFIER.fullmatch(self.name):
            raise ValueError(
                f"Pathway {self.name!r}: use letters, digits and underscores in its name."
            )
        if self.rule is not None:
            where = f"Pathway {self.name!r}"
            check_kind(where, "rule", self.rule, PlasticityRule, "PlasticityRule(...) or None")
        check_value(f"Pathway {self.name!r}", "upward", self.upward, bool)
