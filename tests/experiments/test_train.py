"""`tuft train`: a run leaves everything that is needed to judge its number."""

import json

import pytest
import torch

from experiments.cli import main as tuft
from experiments.table import train
from experiments.table.records import seconds_text
from experiments.table.runs import TrainingRun, data_folder, dataset_of, network_of, record_of
from rate_bridge.training.options import Options

SHORT = Options(epochs=2, batch_size=64, lr=1e-3)


def short(tmp_path, **options):
    return train.Config(training=SHORT, out=tmp_path, **options)


def test_a_run_leaves_its_record_its_options_and_its_weights(tmp_path, capsys):
    train.main(short(tmp_path, rule="dll-minus"))
    folder = tmp_path / "train-digits-mlp-digits__dll-minus__seed0"
    record = json.loads((folder / "result.json").read_text())
    assert record["status"] == "ok"
    assert record["samples"] == {"train": 1257, "validation": 180, "test": 360}
    assert record["data"]["files"][0]["hash"].startswith("sha256:")
    assert record["epochs"] == len(record["history"]) == 2
    assert 0 < record["loading_share"] < 1
    assert record["versions"]["torch"] == torch.__version__
    assert record["shapes"] == {
        "1.weight": [128, 64],
        "3.weight": [64, 128],
        "5.weight": [10, 64],
        "3.theta": [64, 128],
        "5.theta": [10, 64],
    }
    assert record["best_epoch"] == 1  # of two: still rising
    assert record["best_is_last"]
    assert json.loads((folder / "config.json").read_text())["training"]["epochs"] == 2
    names = torch.load(folder / "weights.pt", weights_only=True)
    assert any("theta" in name for name in names)
    out = capsys.readouterr().out
    assert "test accuracy" in out
    assert ", which is the last: it may not be trained to the end; " in out
    assert " 0.0 s/epoch" not in out
    assert not list((tmp_path / "checkpoints").iterdir())


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0183, "18 ms"), (0.9999, "1000 ms"), (1.24, "1.2 s"), (12.4, "12 s")]
)
def test_seconds_have_two_digits_that_count(seconds, text):
    assert seconds_text(seconds) == text


@pytest.mark.parametrize("rule", ["dll-minus", "kp"])
def test_the_initial_scale_of_theta_is_an_option(rule):
    run = train.run_of(train.Config(rule=rule, theta_std=0.01))
    thetas = [
        p.detach() for n, p in network_of(run, dataset_of(run)).named_parameters() if "theta" in n
    ]
    assert thetas
    for theta in thetas:  # 640 entries or more: their deviation is within 10 % (3.5 sigma)
        assert float(theta.std()) == pytest.approx(0.01, rel=0.1)


def test_a_baseline_is_a_rule_of_its_own(tmp_path, capsys):
    assert tuft(["train", "--out", str(tmp_path), "--rule", "most-common"]) == 0
    assert "most-common, seed 0: test accuracy" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["bp", "dll-minus"])
def test_the_defaults_train_to_the_end(rule):
    run = train.run_of(train.Config(rule=rule))
    record, _ = record_of(run, dataset_of(run))
    curve = [entry["validation"]["accuracy"] for entry in record.history]
    before, end = sum(curve[-20:-10]) / 10, sum(curve[-10:]) / 10
    # of 180 validation samples at 95 %: one standard deviation of guessing is 1.6 points
    assert abs(end - before) < 0.016
    assert end > 0.92


def test_a_second_run_does_not_overwrite_the_first(tmp_path):
    for _ in range(2):
        train.main(short(tmp_path, rule="bp"))
    folders = sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("train"))
    assert [name.removeprefix(folders[0]) for name in folders] == ["", "-run2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rule", "dlll-minus"], "Unknown rule 'dlll-minus'. Did you mean 'dll-minus'?"),
        (["--network", "mlp-minst"], "Unknown network 'mlp-minst'. Did you mean 'mlp-mnist'?"),
        (["--dataset", "text"], "The data set 'text' needs --file."),
        (["--dataset", "series"], "The data set 'series' needs --file and --target."),
        (["--window", "8"], "electricity, metr-la, pems-bay, series; digits has none."),
        (["--dataset", "mr", "--length", "0"], "--length must be at least 1, got 0."),
        (["--dataset", "mr", "--vectors", "no"], "--vectors must be a file, and there is none at"),
        (["--dataset", "digit"], "Unknown data set 'digit'. Did you mean 'digits'?"),
    ],
)
def test_bad_input_ends_in_one_line_and_status_2(tmp_path, capsys, options, message):
    assert tuft(["train", "--out", str(tmp_path), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_data_folder_is_read_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TUFT_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("TUFT_DATA")
    assert data_folder().name == "tuft"


def test_a_run_that_diverges_is_marked_and_has_no_scores():
    options = Options(epochs=1, lr=1e30, optimizer="sgd", loss="mse")
    run = TrainingRun("digits", "mlp-digits", "bp", options)
    record, _ = record_of(run, dataset_of(run))
    assert record.status == "diverged"
    assert "Lower lr" in record.message
    assert record.test == {}
    assert "diverged" in train.summary(record)


def test_a_run_that_predicts_a_constant_is_marked():
    options = Options(epochs=1, lr=1e-30)
    run = TrainingRun("digits", "mlp-digits", "bp", options, network_options={"weight_std": 1e-30})
    record, _ = record_of(run, dataset_of(run))
    assert record.status == "collapsed"
    assert record.verdict["collapse"]["reason"] == "constant"


def test_a_run_that_was_good_once_and_ends_worthless_is_collapsed(tmp_path, capsys):
    # SPEC F4: Theta grows as exp(+eta int C) under the plus rule and plain gradient descent
    options = (
        "--rule dll-plus --optimizer sgd --lr .1 --theta-lr .1 --schedule constant --epochs 20 "
        "--batch-size 128"
    )
    assert tuft(["train", "--out", str(tmp_path), *options.split()]) == 2
    out, error = capsys.readouterr()
    folder = tmp_path / "train-digits-mlp-digits__dll-plus__seed0"
    assert out.startswith(str(folder))
    assert "dll-plus, seed 0: collapsed. constant: it ends with one answer" in error
    assert error.count("\n") == 1
    record = json.loads((folder / "result.json").read_text())
    assert record["status"] == "collapsed"
    assert record["test"] == {}
    # what it was, under a name of its own; 0.1 is chance
    assert record["test_at_best_epoch"]["accuracy"] > 0.2
    assert record["history"][-1]["validation"]["constant"]
    assert record["verdict"]["uninformed"]["accuracy"] == pytest.approx(0.1, abs=0.05)
    assert (folder / "weights.pt").is_file()


def test_an_interrupted_run_goes_on_from_its_checkpoint(tmp_path, capsys):
    config = short(tmp_path, rule="kp")
    run = train.run_of(config)
    path = train.checkpoint_of(config, run)

    def interrupt(fraction, scores):
        if fraction > 0.5 and scores:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_of(run, dataset_of(run), checkpoint=path, report=interrupt)
    assert path.is_file()
    train.main(config)
    assert "Going on from" in capsys.readouterr().out
    assert not path.exists()
