"""Baselines in the tables of the repository: selected inside their grids, named where they win."""

from pathlib import Path

import pytest

from experiments.table import experiment
from experiments.table.plans import PLANS
from experiments.table.records import read_record
from experiments.table.tabulate import table
from rate_bridge.baselines import BASELINES

RESULTS = Path(experiment.__file__).parents[1] / "results"
NATURAL_ENDS = {("k", 1)}
"""Candidates beyond which there is none."""


def records(plan):
    return [read_record(path) for path in sorted((RESULTS / plan).glob("*__seed*.json"))]


SELECTED = [
    pytest.param(record.baseline.selection, id=f"{plan}-{record.run.rule}")
    for plan in PLANS
    for record in records(plan)
    if record.baseline is not None and record.baseline.selection
]


@pytest.mark.parametrize("selection", SELECTED)
def test_a_free_number_is_selected_inside_its_grid(selection):
    for name, taken in selection.items():
        if name in ("candidates", "validation_accuracy"):
            continue
        candidates = selection["candidates"]
        for part, number in enumerate(taken if isinstance(taken, list) else [taken]):
            tried = {c[part] if isinstance(c, list) else c for c in candidates}
            assert min(tried) < number < max(tried) or (name, number) in NATURAL_ENDS


@pytest.mark.parametrize("plan", ["sequences", "text"])
def test_every_network_that_loses_to_a_baseline_says_so_in_its_cell(plan):
    made = table(plan, records(plan), [], [])
    written = (RESULTS / plan / "table.md").read_text()
    for (column, rule, metric), cell in made.cells.items():
        if rule in BASELINES or not cell.values:
            continue
        rivals = [
            made.cells[column, other, metric].mean
            for other, baseline in BASELINES.items()
            if (column, other, metric) in made.cells and not baseline.beyond
        ]
        beaten = any(
            rival > cell.mean if metric == "accuracy" else rival < cell.mean for rival in rivals
        )
        digits = 2 if metric == "accuracy" else 4
        shown = cell.text(digits)
        assert (f"{shown} ▼" in written) == beaten, (column, rule, metric)
