"""Records: one schema, which every record of the repository has."""

import shutil
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.lab.storage import read_json, write_json
from experiments.table.experiment import rebuilt
from experiments.table.plans import PLANS
from experiments.table.records import read_record, write_record

RESULTS = Path(__file__).parents[2] / "experiments" / "results"
RECORDS = sorted(RESULTS.rglob("*__seed*.json"))


def test_every_committed_record_reads_and_writes_as_it_is(tmp_path):
    assert len(RECORDS) > 200
    for path in RECORDS:
        write_record(tmp_path / "again.json", read_record(path))
        before, after = read_json(path), read_json(tmp_path / "again.json")
        if before.get("test_at_best_epoch", 0) is None:  # what a record lacks is left out today
            del before["test_at_best_epoch"]
        assert after == before, path


@pytest.mark.parametrize("name", [name for name in PLANS if (RESULTS / name).is_dir()])
def test_the_committed_tables_are_those_of_their_records(tmp_path, name):
    folder = tmp_path / name
    shutil.copytree(RESULTS / name, folder, ignore=shutil.ignore_patterns("*.png", "table.md"))
    rebuilt(PLANS[name], folder)
    assert (folder / "table.md").read_bytes() == (RESULTS / name / "table.md").read_bytes()
    assert (folder / "table.png").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, "unknown: epoch"),
        ({"epochs": "3"}, "expected int, got '3'"),
        ({"status": "fine"}, "fine not in literal"),
        ({"run": None}, "is no record of a run"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, change, message):
    path = tmp_path / "a__bp__seed0.json"
    write_json(path, {**read_json(RECORDS[0]), **change})
    with pytest.raises(ValueError, match=message) as error:
        read_record(path)
    assert str(path) in str(error.value)
    assert "Delete it to run it anew." in str(error.value)


def test_a_trained_network_leaves_a_record(tmp_path):
    assert main(["train", "--epochs", "1", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("train-*/result.json")
    record = read_record(path)
    assert record.run.rule == "dll-minus"
    assert record.angles is not None
    assert record.plan_hash is None
