"""A plan: what a table will hold, as data, with a hash that each of its records carries."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.table.runs import TrainingRun
from rate_bridge.baselines import BASELINES
from rate_bridge.training.options import Options


@dataclass(frozen=True)
class Search:
    """How a column's rates and epochs are found before its first test score, on validation data.

    The same for every rule. Each pair of rates is tried with the first seed for a fifth of the
    column's epochs, its schedule with them; the best epoch's validation accuracy counts, and a run
    that diverges or collapses counts as none. While the best pair lies at an end of a grid, the
    grid grows by its own factor. Then the rules in ``flat_rules`` run at their best rates, held
    constant: the epochs of all runs are the larger number after which the mean accuracy of
    ``flat_window`` epochs is less than ``flat_gain`` above that of as many before.

    Attributes
    ----------
    lr : tuple of float
        Rates of W.
    theta : tuple of float
        Theta's rate over W's, for the rules in which it learns.
    extensions : int
        How often each end of a grid may grow.
    """

    lr: tuple[float, ...]
    theta: tuple[float, ...]
    extensions: int = 2
    flat_rules: tuple[str, ...] = ("bp", "dll-minus")
    flat_window: int = 5
    flat_gain: float = 0.001


@dataclass(frozen=True)
class Column:
    """One column of a table: data, network and the protocol that all rules share.

    With a ``search``, ``options`` hold the most epochs, and rates that are not used.
    """

    name: str
    dataset: str
    network: str
    options: Options
    rules: tuple[str, ...]
    seeds: tuple[int, ...]
    data_options: dict[str, Any] = field(default_factory=dict)
    network_options: dict[str, Any] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    search: Search | None = None

    def runs(self) -> list[TrainingRun]:
        """All runs of the column: for each seed every rule, so that a first seed is done early.

        A baseline is the same with every seed: it has the first one alone.
        """
        return [
            TrainingRun(
                self.dataset,
                self.network,
                rule,
                replace(self.options, seed=seed),
                self.name,
                self.data_options,
                self.network_options,
                self.allow,
            )
            for seed in self.seeds
            for rule in self.rules
            if rule not in BASELINES or seed == self.seeds[0]
        ]


@dataclass(frozen=True)
class Plan:
    """A table: its title, its columns, and what a reader must know of the protocol."""

    title: str
    protocol: str
    columns: tuple[Column, ...]

    @property
    def hash(self) -> str:
        """Sixteen digits of SHA-256 over all that decides which runs there are, and no prose.

        Options that add nothing, at the values in :data:`SILENT`, are left out, so that an option
        that is invented later leaves the hashes of older plans as they are.
        """
        text = json.dumps([_column(column) for column in self.columns], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


SILENT: dict[str, Any] = {
    "theta_lr": None,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "clip": None,
    "patience": None,
    "precision": "float32",
    "device": "cpu",
    "seed": 0,
}
"""What the options that need not be named are where a plan does not name them."""


def _column(column: Column) -> dict[str, Any]:
    """A column as plain values, without what adds nothing."""
    plain = dataclasses.asdict(column)
    options = plain.pop("options")
    said = {k: v for k, v in options.items() if k not in SILENT or v != SILENT[k]}
    return {"options": said, **{name: value for name, value in plain.items() if value}}
