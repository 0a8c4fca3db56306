"""Plans are data with a hash; the records of the repository are those of its plans."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from experiments.table import experiment
from experiments.table.plan import SILENT, Column, Plan
from experiments.table.plans import PLANS, SUPERSEDED
from experiments.table.records import read_record
from rate_bridge.training.options import Options

RESULTS = Path(experiment.__file__).parents[1] / "results"
RECORDS = sorted(
    path for path in RESULTS.glob("*/*__seed*.json") if path.parent.name != "superseded"
)
COLUMN = Column(
    "c", "digits", "mlp-digits", Options(epochs=3, batch_size=128, lr=0.01), ("bp", "kp"), (0, 1)
)
PLAN = Plan("title", "protocol", (COLUMN,))


def changed(**column):
    return replace(PLAN, columns=(replace(COLUMN, **column),))


def test_a_hash_is_of_what_is_run_and_not_of_its_prose():
    assert replace(PLAN, title="other", protocol="other").hash == PLAN.hash
    others = [
        changed(seeds=(0, 1, 2)),
        changed(rules=("bp",)),
        changed(network_options={"hidden": (8,)}),
        changed(options=replace(COLUMN.options, lr=0.02)),
        changed(options=replace(COLUMN.options, weight_decay=0.1)),
        replace(PLAN, columns=(COLUMN, replace(COLUMN, name="d"))),
    ]
    assert len({PLAN.hash, *(other.hash for other in others)}) == 1 + len(others)


def test_a_hash_stays_the_same_between_versions():
    # computed once; another number here means that the records of every plan lose their plan
    assert PLAN.hash == "83811d9919f8233f"


def test_every_option_is_named_in_a_plan_or_adds_nothing_at_its_silent_value():
    always = {"epochs", "batch_size", "lr", "schedule", "optimizer", "loss"}
    assert {field.name for field in fields(Options)} == always | set(SILENT)


def test_every_record_made_since_plans_have_hashes_carries_that_of_a_plan():
    known = {plan.hash for plan in PLANS.values()} | set(SUPERSEDED)
    assert len(RECORDS) > 50
    for path in RECORDS:
        record = read_record(path)
        if record.verdict is not None:  # as old as the hash
            assert record.plan_hash in known, path


@pytest.mark.parametrize("name", ["mnist-mlp", "fashion-mlp", "cnn"])
def test_superseded_records_are_of_another_plan_than_todays(name):
    old = sorted((RESULTS / "superseded" / name).glob("*__seed*.json"))
    assert old
    for path in old:
        today = read_record(RESULTS / name / path.name)
        assert read_record(path).run.options != today.run.options


def test_a_record_is_written_with_the_hash_of_its_plan(tmp_path):
    config = experiment.Config(rules=("bp",), seeds=(0,), training=Options(epochs=1), out=tmp_path)
    experiment.main(config)
    path = tmp_path / "digits-mlp-digits" / "digits-mlp-digits__bp__seed0.json"
    assert read_record(path).plan_hash == experiment.plan_of(config)[1].hash
