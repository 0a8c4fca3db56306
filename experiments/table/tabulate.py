"""Tables from the records of runs: mean and deviation over seeds, failures named, never averaged.

A table's cell gathers the records of
one rule in one column; a cell without records stays empty. A network that does worse than a
baseline says so in its cell.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from experiments.table.records import Record, seconds_text
from rate_bridge.baselines import BASELINES
from rate_bridge.training.collapse import collapse

Published = Mapping[tuple[str, str, str], float]
"""From (column, rule, metric) to a published number, in the unit of the table."""

PERCENT = frozenset({"accuracy"})
"""Metrics that stand in the table as per cent."""


@dataclass(frozen=True)
class Score:
    """One rule in one column.

    Attributes
    ----------
    values : tuple of float
        The metric on the test part, one for each run that ended well.
    failures : tuple of str
        What became of the others: ``"diverged"`` or ``"collapsed"``.
    seconds : float
        Mean seconds per epoch of the runs that ended well.
    unofficial : bool
        Whether a run used data whose content is not the official one.
    """

    values: tuple[float, ...]
    failures: tuple[str, ...]
    seconds: float
    unofficial: bool

    @property
    def mean(self) -> float:
        """Mean over seeds; not a number without a run that ended well."""
        return sum(self.values) / len(self.values) if self.values else math.nan

    @property
    def deviation(self) -> float:
        """Standard deviation over seeds (n - 1); not a number below two runs."""
        n = len(self.values)
        if n < 2:
            return math.nan
        return math.sqrt(sum((value - self.mean) ** 2 for value in self.values) / (n - 1))

    def text(self, digits: int) -> str:
        """``mean ± deviation (n)``, and the failures."""
        parts = []
        if self.values:
            spread = "" if math.isnan(self.deviation) else f" ± {self.deviation:.{digits}f}"
            mark = "\\*" if self.unofficial else ""
            parts.append(f"{self.mean:.{digits}f}{spread} ({len(self.values)}){mark}")
        for kind in sorted(set(self.failures)):
            parts.append(f"{self.failures.count(kind)} {kind}")
        return ", ".join(parts)


def status_of(record: Record) -> str:
    """What became of a run; a record older than the criteria of collapse is judged here.

    Its history allows constant answers, lost accuracy and loss to be judged, not chance nor
    weights.
    """
    if record.status != "ok" or not is_older(record):
        return record.status
    return "ok" if collapse(record.kind, record.history) is None else "collapsed"


def is_older(record: Record) -> bool:
    """Whether a trained run's record was made before runs were judged by their end."""
    return bool(record.history) and record.verdict is None


def cell(records: Iterable[Record], metric: str) -> Score:
    """The cell of these records.

    Raises
    ------
    ValueError
        If a run that ended well lacks the metric.
    """
    values, failures, seconds, unofficial = [], [], [], False
    for record in records:
        status = status_of(record)
        if status != "ok":
            failures.append(status)
            continue
        run, score = record.run, record.test.get(metric)
        if score is None:
            raise ValueError(
                f"The record of {run.rule} on {run.column}, seed {run.seed}, has no {metric!r} on "
                f"the test part. It has: {', '.join(record.test)}."
            )
        values.append(score * (100 if metric in PERCENT else 1))
        if record.seconds_per_epoch is not None:
            seconds.append(record.seconds_per_epoch)
        unofficial = unofficial or record.unofficial_data
    mean_seconds = sum(seconds) / len(seconds) if seconds else math.nan
    return Score(tuple(values), tuple(failures), mean_seconds, unofficial)


@dataclass(frozen=True)
class ScoreTable:
    """Records gathered by column and rule.

    Attributes
    ----------
    title : str
    columns, rules : tuple of str
        In the order in which they are shown.
    metrics : mapping from column to tuple of str
        Which scores a column shows.
    cells : mapping from (column, rule, metric) to Score
    published : mapping
        Published numbers, shown beside ours.
    older : int
        How many records are older than the criteria of collapse.
    """

    title: str
    columns: tuple[str, ...]
    rules: tuple[str, ...]
    metrics: Mapping[str, tuple[str, ...]]
    cells: Mapping[tuple[str, str, str], Score]
    published: Published
    older: int = 0

    def markdown(self) -> str:
        """The table, a row for each rule; published numbers in brackets."""
        shown = [(column, metric) for column in self.columns for metric in self.metrics[column]]
        heads = [f"{column}, {_head(metric)}" for column, metric in shown]
        lines = [f"# {self.title}", "", row(["rule", *heads, "time/epoch"])]
        lines.append(row(["---"] * (len(heads) + 2)))
        for rule in self.rules:
            texts = [self._text(column, rule, metric) for column, metric in shown]
            lines.append(row([rule, *texts, self._seconds(rule)]))
        lines += ["", _LEGEND, *self._legend_of_baselines()]
        if self.older:
            lines.append(_LEGEND_OLDER.format(self.older))
        if any(found.unofficial for found in self.cells.values()):
            lines.append("\\* The data were not the official files; see the records.")
        return "\n".join(lines) + "\n"

    def _legend_of_baselines(self) -> list[str]:
        shown = [rule for rule in self.rules if rule in BASELINES]
        lines = [_BASELINES.format(", ".join(f"`{rule}`" for rule in shown))] if shown else []
        for rule in shown:
            if BASELINES[rule].beyond:
                lines.append(
                    f"† `{rule}` is given {BASELINES[rule].beyond}, which the networks are not: it "
                    f"is no rival in the sense of ▼."
                )
        return lines

    def best_baseline(self, column: str, metric: str) -> str | None:
        """The baseline with the best mean, of those that see what the networks see."""
        sign = 1 if metric in PERCENT else -1
        means = {
            rule: sign * found.mean
            for rule, baseline in BASELINES.items()
            if not baseline.beyond
            and (found := self.cells.get((column, rule, metric))) is not None
            and found.values
        }
        return max(means, key=means.__getitem__) if means else None

    def beaten_by(self, column: str, rule: str, metric: str) -> str | None:
        """The best baseline, where a network's mean is worse than its."""
        best = self.best_baseline(column, metric)
        found = self.cells.get((column, rule, metric))
        if rule in BASELINES or best is None or found is None or not found.values:
            return None
        gap = found.mean - self.cells[column, best, metric].mean
        return best if (gap < 0 if metric in PERCENT else gap > 0) else None

    def _text(self, column: str, rule: str, metric: str) -> str:
        digits = 2 if metric in PERCENT else 4
        found = self.cells.get((column, rule, metric))
        ours = found.text(digits) if found is not None else ""
        if ours and rule in BASELINES and BASELINES[rule].beyond:
            ours += " †"
        better = self.beaten_by(column, rule, metric)
        if better is not None:
            ours += f" ▼ {better}"
        theirs = self.published.get((column, rule, metric))
        return ours if theirs is None else f"{ours} [{theirs:.{digits}f}]".strip()

    def _seconds(self, rule: str) -> str:
        found = [
            self.cells[key].seconds
            for column in self.columns
            if (key := (column, rule, self.metrics[column][0])) in self.cells
        ]
        if all(map(math.isnan, found)):
            return ""
        return " / ".join("–" if math.isnan(each) else seconds_text(each) for each in found)


_LEGEND = (
    "Test part, at the epoch with the best validation score: mean ± standard deviation over seeds "
    "(number of seeds); published values in [brackets]; runs that diverged or collapsed "
    "(ended constant, at chance, or with accuracy, loss or weights far from where they had been) "
    "are counted, not averaged; an empty cell was not run. Time per epoch in the order of the "
    "columns, on the machine of the records."
)
_BASELINES = (
    "{} are baselines without a network, their free numbers selected on the validation part. "
    "▼: worse than the baseline that is named, the best one of the column."
)


_LEGEND_OLDER = (
    "{} of the records are older than the judgement of a run's end: they are judged by their "
    "history alone (constant answers, lost accuracy, loss; not chance, not weights), and carry no "
    "hash of their plan."
)


def table(
    title: str,
    records: Sequence[Record],
    columns: Sequence[str],
    rules: Sequence[str],
    published: Published | None = None,
) -> ScoreTable:
    """Gather ``records`` into a table.

    Columns and rules that the records have and the sequences lack are put at the end.

    Raises
    ------
    ValueError
        If one seed of a rule stands twice in a column.
    """
    grouped: dict[tuple[str, str], list[Record]] = {}
    seen: set[tuple[str, str, int]] = set()
    for record in records:
        run = record.run
        key = (run.column, run.rule, run.seed)
        if key in seen:
            raise ValueError(
                f"Two records of {run.rule} on {run.column} with seed {run.seed}. Keep one of them."
            )
        seen.add(key)
        grouped.setdefault(key[:2], []).append(record)
    columns = tuple(dict.fromkeys([*columns, *(column for column, _ in grouped)]))
    rules = tuple(dict.fromkeys([*rules, *(rule for _, rule in grouped)]))
    kinds = {column: record.kind for (column, _), found in grouped.items() for record in found}
    metrics = {
        column: ("mse", "mae") if kinds.get(column) == "series" else ("accuracy",)
        for column in columns
    }
    cells = {
        (column, rule, metric): cell(found, metric)
        for (column, rule), found in grouped.items()
        for metric in metrics[column]
    }
    older = sum(map(is_older, records))
    return ScoreTable(title, columns, rules, metrics, cells, published or {}, older)


def _head(metric: str) -> str:
    return f"{metric} %" if metric in PERCENT else metric.upper()


def row(cells: Sequence[str]) -> str:
    """A row of a table in Markdown."""
    return "| " + " | ".join(cells) + " |"
