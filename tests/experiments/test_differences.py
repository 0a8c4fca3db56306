"""Differences of rules below a table: paired by seed, failures left out, columns weighted alike."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.table import differences
from experiments.table.plans import PLANS
from experiments.table.records import read_record

FOLDER = Path("experiments/results/mnist-mlp")
PLAN = PLANS["mnist-mlp"]
COLUMNS = [column.name for column in PLAN.columns]
MLP = "MNIST MLP"


@pytest.fixture(scope="module")
def records():
    return [read_record(path) for path in sorted(FOLDER.glob("*__seed*.json"))]


def accuracies(records, rule):
    return {
        record.run.seed: 100 * record.test["accuracy"]
        for record in records
        if (record.run.column, record.run.rule) == (MLP, rule)
    }


def test_a_difference_is_that_of_the_same_seeds(records):
    minus, fixed = accuracies(records, "dll-minus"), accuracies(records, "dll-fixed")
    gaps = [minus[seed] - fixed[seed] for seed in (0, 1, 2)]
    mean = sum(gaps) / 3
    error = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / 2 / 3)
    found = differences.differences(records, ("dll-minus", "dll-fixed"), COLUMNS)
    assert found[MLP] == pytest.approx((mean, error, 3))


def test_a_run_that_collapsed_takes_its_pair_with_it(records):
    def spoilt(record):
        run = record.run
        gone = (run.column, run.rule, run.seed) == (MLP, "kp", 1)
        return replace(record, status="collapsed") if gone else record

    found = differences.differences([*map(spoilt, records)], ("dll-minus", "kp"), COLUMNS)
    assert found[MLP].n == 2


def test_columns_count_alike_however_many_seeds_they_have(records):
    found = differences.differences(records, ("dll-minus", "bp"), COLUMNS)
    assert len(found) == 3
    means = [each.mean for each in found.values()]
    assert differences.overall([*found.values()]).mean == pytest.approx(sum(means) / 3)


def test_the_tables_of_the_repository_say_what_was_run(records):
    text = (FOLDER / "table.md").read_text()
    assert differences.markdown(records, COLUMNS) in text
    assert differences.share_run(PLAN, records) in text


def test_where_no_column_has_a_pair_nothing_is_said(records):
    only = [record for record in records if record.run.rule == "bp"]
    assert differences.markdown(only, COLUMNS) == ""
