"""Below a table: rules against each other, seed by seed, and how much of the plan was run."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from experiments.table.plan import Plan
from experiments.table.records import Record
from experiments.table.tabulate import row, status_of

RULES_IN_QUESTION = (
    ("dll-minus", "bp"),
    ("dll-minus", "dll-fixed"),
    ("dll-minus", "kp"),
    ("dll-fixed", "kp"),
)
"""Rules whose difference is a question: learning without transport, and what Theta's rule adds."""


class Difference(NamedTuple):
    """The first rule's test accuracy less the second's, in points.

    Attributes
    ----------
    mean : float
    error : float
        Standard error of the mean; not a number below two values.
    n : int
        How many values there are: seeds that both rules ended well, or columns.
    """

    mean: float
    error: float
    n: int

    def text(self) -> str:
        """``mean ± error (n)``."""
        spread = "" if math.isnan(self.error) else f" ± {self.error:.2f}"
        return f"{self.mean:+.2f}{spread} ({self.n})"


def difference(values: Sequence[float]) -> Difference:
    """Mean of at least one value, and its standard error."""
    n = len(values)
    error = statistics.stdev(values) / math.sqrt(n) if n > 1 else math.nan
    return Difference(statistics.fmean(values), error, n)


def differences(
    records: Sequence[Record], rules: tuple[str, str], columns: Sequence[str]
) -> dict[str, Difference]:
    """Two rules in each column where both ended well with one seed or more.

    Seeds are paired: they share the data's order and the network's first weights.
    """
    scores = {
        (record.run.column, record.run.rule, record.run.seed): 100 * accuracy
        for record in records
        if status_of(record) == "ok" and (accuracy := record.test.get("accuracy")) is not None
    }
    found = {}
    for column in columns:
        gaps = [
            score - scores[column, rules[1], seed]
            for (name, rule, seed), score in scores.items()
            if (name, rule) == (column, rules[0]) and (column, rules[1], seed) in scores
        ]
        if gaps:
            found[column] = difference(gaps)
    return found


def overall(found: Sequence[Difference]) -> Difference:
    """Columns weighted alike: the mean of their means, its error from their spread."""
    return difference([each.mean for each in found])


def markdown(records: Sequence[Record], columns: Sequence[str]) -> str:
    """The differences of :data:`RULES_IN_QUESTION`, a row each; empty without a pair."""
    pairs = {pair: differences(records, pair, columns) for pair in RULES_IN_QUESTION}
    shown = [column for column in columns if any(column in found for found in pairs.values())]
    if not shown:
        return ""
    lines = [row(["difference", *shown, "all columns"]), row(["---"] * (len(shown) + 2))]
    for (first, second), found in pairs.items():
        if found:
            texts = [found[column].text() if column in found else "" for column in shown]
            lines.append(row([f"{first} - {second}", *texts, overall([*found.values()]).text()]))
    return "\n".join([*lines, "", _LEGEND]) + "\n"


_LEGEND = (
    "Points of test accuracy, first rule less second, over seeds that both ended well: mean ± "
    "standard error (number of seeds). All columns: each column's mean counts once, and the error "
    "is that of their spread."
)


def share_run(plan: Plan, records: Sequence[Record]) -> str:
    """How many of the plan's runs there are, their seeds, epochs and hours of computing."""
    planned = {run.name for column in plan.columns for run in column.runs()}
    seeds = sorted({record.run.seed for record in records})
    epochs = sorted({record.epochs for record in records if record.history})
    hours = sum(record.seconds for record in records) / 3600
    return (
        f"Runs: {len(records)}, of {len(planned)} planned; seeds {', '.join(map(str, seeds))}; "
        f"{_span(epochs)} epochs; {hours:.1f} hours of computing, searches not counted.\n"
    )


def _span(epochs: Sequence[int]) -> str:
    if not epochs:
        return "no"
    return f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
