"""Data of the user's own, through `tuft train` and `tuft table`."""

import json

import numpy as np
import pytest

from experiments.cli import main as tuft
from experiments.table.data_options import DataOptions


def write_series(path, columns=("HUFL", "HULL", "OT"), date="date", steps=80):
    """A small file as ETTh2 comes (and METR-LA, whose date column has no name)."""
    values = np.random.default_rng(0).normal(size=(steps, len(columns))).cumsum(0)
    lines = [",".join((date, *columns))]
    for step, row in enumerate(values):
        hour = f"2016-07-{1 + step // 24:02d} {step % 24:02d}:00:00"
        lines.append(",".join((hour, *map(repr, row.tolist()))))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_sentences(folder):
    (folder / "rt-polaritydata").mkdir()
    for kind, said in (("pos", "a good film indeed it is"), ("neg", "an awful bore all of it")):
        text = "".join(f"{said} {word}\n" for word in "abcdefghij" * 6)
        (folder / f"rt-polaritydata/rt-polarity.{kind}").write_text(text)


SHORT = ["--epochs", "1", "--batch-size", "16"]


@pytest.mark.parametrize(
    ("date", "target"), [("date", "OT"), ("", "767541")], ids=["ETTh2", "METR-LA"]
)
def test_a_series_of_ones_own_is_trained_on_by_name(tmp_path, date, target):
    path = write_series(tmp_path / "own.csv", ("773869", "HUFL", target), date)
    named = ["--dataset", "series", "--file", str(path), "--target", target, "--window", "4"]
    out = ["--out", str(tmp_path / "runs")]
    assert tuft(["train", *named, "--rule", "bp", "--hidden", "8", *SHORT, *out]) == 0
    (record,) = (tmp_path / "runs").glob("train-*/result.json")
    made = json.loads(record.read_text())
    assert made["run"]["data_options"] == {"file": str(path), "target": target, "window": 4}
    assert made["data"]["columns"]["left_out"] == [date]
    assert made["data"]["split"]["steps"]["test"] == [64, 80]
    assert made["test"]["mse"] > 0
    assert made["data"]["files"][0]["hash"].startswith("sha256:")


def test_a_table_reads_ones_own_series_and_notices_when_it_changes(tmp_path, capsys):
    path = write_series(tmp_path / "own.csv")
    asked = ["table", "--datasets", "series", "--networks", "rnn", "--rules", "mean", "linear"]
    asked += ["--file", str(path), "--target", "OT", "--columns", "HUFL", "--window", "4"]
    asked += ["--seeds", "0", *SHORT, "--out", str(tmp_path / "out")]
    assert tuft(asked) == 0
    folder = tmp_path / "out" / "series-rnn"
    record = json.loads((folder / "series-rnn__linear__seed0.json").read_text())
    assert record["data"]["columns"]["inputs"] == ["HUFL"]
    assert tuft(asked) == 0  # nothing to do, nothing to refuse
    write_series(path, steps=90)
    capsys.readouterr()
    assert tuft(asked) == 2
    assert "was made with other data" in capsys.readouterr().err
    (folder / "table.md").unlink()
    path.unlink()
    assert tuft(["draw", str(folder)]) == 0  # figures and tables need the records alone
    assert (folder / "table.md").is_file()


def test_vectors_and_length_of_sentences(tmp_path, monkeypatch):
    monkeypatch.setenv("TUFT_DATA", str(tmp_path))
    write_sentences(tmp_path)
    vectors = tmp_path / "glove.txt"
    vectors.write_text("good 1 0 0\nawful 0 1 0\nfilm .5 .5 1e-3\n")
    asked = ["train", "--dataset", "mr", "--allow", "mr", "--rule", "bp", "--epochs", "10"]
    asked += ["--lr", "0.01", "--batch-size", "16", "--vectors", str(vectors), "--length", "6"]
    asked += ["--out", str(tmp_path / "runs")]
    assert tuft(asked) == 0
    (path,) = (tmp_path / "runs").glob("train-*/result.json")
    data = json.loads(path.read_text())["data"]
    assert data["words"]["length"] == 6
    assert data["vectors"]["file"] == "glove.txt"
    assert data["vectors"]["missing_words"] == data["words"]["vocabulary"] - 3


@pytest.mark.parametrize("rule", ["bp", "dll-minus"])
def test_a_network_can_learn_the_vectors_of_words(tmp_path, monkeypatch, rule):
    monkeypatch.setenv("TUFT_DATA", str(tmp_path))
    write_sentences(tmp_path)
    asked = ["train", "--dataset", "mr", "--allow", "mr", "--rule", rule, "--learned-vectors"]
    asked += ["--epochs", "5", "--lr", "0.01", "--batch-size", "16", "--length", "6"]
    assert tuft([*asked, "--out", str(tmp_path / "runs")]) == 0
    (path,) = (tmp_path / "runs").glob("train-*/result.json")
    record = json.loads(path.read_text())
    words = record["data"]["words"]["vocabulary"]
    assert record["shapes"]["embedding.weight"] == [words, 300]
    assert record["data"]["vectors"] == {"how": "learned by the network"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "TO"], "Unknown column of series, own.csv: 'TO'. Did you mean 'OT'?"),
        (["--target", "OT", "--columns", "date"], "line 2, column 'date': '2016-07-01 00:00:00'"),
        (["--target", "OT", "--window", "9"], "a window of 9 steps does not fit into 8 steps"),
        (["--target", "OT", "--length", "9"], "--length is an option of mr, subj; series has none"),
    ],
)
def test_wrong_options_of_a_table_leave_no_folder(tmp_path, capsys, options, message):
    path = write_series(tmp_path / "own.csv")
    asked = ["table", "--datasets", "series", "--networks", "rnn", "--file", str(path), *options]
    assert tuft([*asked, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_plan_says_itself_what_it_reads(tmp_path, capsys):
    assert tuft(["table", "--plan", "text", "--length", "20", "--out", str(tmp_path)]) == 2
    assert "--length is for a table without a plan" in capsys.readouterr().err


def test_each_option_goes_to_the_data_sets_that_take_it():
    given = DataOptions(window=16, length=20)
    assert given.by_dataset(["etth1", "mr", "digits"]) == {
        "etth1": {"window": 16},
        "mr": {"length": 20},
        "digits": {},
    }
