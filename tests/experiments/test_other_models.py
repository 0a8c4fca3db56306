"""Experiments that learn, with a network of a file: its own reference, rates, sizes; refusals."""

import hashlib
import re
from pathlib import Path

import pytest

import experiments
from experiments.cli import main
from experiments.lab.learning_rates import rates, shares, varied
from experiments.lab.models import chosen
from experiments.lab.storage import read_json
from experiments.remedies import experiment as remedies
from models import examples

DELTA = f"{Path(examples.__file__).parent / 'delta_rule.py'}:network"
SMALL = ("--model", DELTA, "--hidden", "3")


def result(experiment, *arguments, out):
    assert main([experiment, *SMALL, *arguments, "--out", str(out)]) == 0
    return read_json(out / experiment / "result.json")


@pytest.mark.slow
def test_compare_holds_it_against_its_own_reference(tmp_path, capsys):
    times = ["--presentations", "3", "--presentation", "200ms", "--lag", "100ms"]
    few = ["--sweep-presentations", "2", "--sweep-seeds", "1", "--quick", "--jobs", "1"]
    found = result("compare", *times, *few, "--engine", "torch", out=tmp_path)
    assert found["reference"] == "the numerical reference"
    assert found["sizes"] == [64, 3, 10]
    assert set(found["update"]) == {"W1"}
    # 10 tau behind the three stages hidden, dendrite, soma: e^-10 (1 + 10 + 50) = 3e-3, a window of
    # 10 tau on; and eta |u|^2 / 2 = 0.01 of drift within the presentation
    assert found["update"]["W1"]["relative_error"]["q75"] < 0.03
    assert found["weight_distance"]["W1"] < 0.03
    assert {point["remedy"] for point in found["sweeps"]["points"]} == {"none", "lag"}
    page = (tmp_path / "compare" / "index.html").read_text()
    assert "Continuous time against the numerical reference" in page
    assert "Remedies that the model has not: matched, filtered" in page
    assert "Algorithm 1" not in page + capsys.readouterr().out


def test_transfer_goes_both_ways(tmp_path, capsys):
    few = ["--presentations", "3", "--taught", "2", "--decisions", "4"]
    found = result("transfer", *few, "--engine", "torch", out=tmp_path)
    for way in ("reference_into_neurons", "neurons_into_reference"):
        assert found[way]["same_decisions"] == found[way]["samples"] == 4
        # 20 tau behind two stages: 21 e^-20 = 4e-8 of outputs of order 1
        assert found[way]["largest_difference_of_output"] < 1e-6
    content = Path(DELTA.removesuffix(":network")).read_bytes()
    assert found["model_digest"] == hashlib.sha256(content).hexdigest()
    assert (
        "learned by the numerical reference, decided by neurons: 4 of 4" in capsys.readouterr().out
    )


@pytest.mark.slow
def test_law_fits_its_terms(tmp_path):
    few = ["--ratios", "40", "80", "--etas", "1e-4", "--dts-ms", "1", "--switches", "2"]
    found = result("law", *few, "--remedies", "none", "--learned", "2", out=tmp_path)
    (fit,) = found["fits"]
    assert fit["slope_T"]["initial"] == pytest.approx(-1, abs=0.1)
    assert fit["changes"] == "du"


def test_stream_measures_bias_and_noise_without_theory(tmp_path, capsys):
    few = ["--streams", "8", "--presentations", "5", "--ratios", "20"]
    found = result("stream", *few, "--remedies", "none", "lag", out=tmp_path)
    none, lag = found["rows"]
    assert (none["remedy"], lag["remedy"], none["activation"]) == ("none", "lag", DELTA)
    assert set(none["weights"]) == {"W1"}
    assert not {"bias_theory", "noise_theory"} & set(none)
    # a lag of 18 tau lets all stages settle: what is left is chance
    assert lag["bias"] < 0.02
    # the sums of 8 streams have a variance that is known to 1/sqrt(2), of samples as they came
    assert 0.1 < lag["noise"] < 3
    assert "times the numerical reference's" in capsys.readouterr().out


@pytest.mark.slow
def test_remedies_are_tuned_beside_its_reference(tmp_path, capsys):
    few = ["--epochs", "1", "--seeds", "1", "--etas", "0.01", "--batch", "359", "--steps", "5"]
    found = result("remedies", *few, "--remedies", "none", "--ratios", "5", out=tmp_path)
    discrete, none = found["rows"]
    assert (discrete["remedy"], discrete["label"]) == ("numerical", "the numerical reference")
    assert 0 <= none["test"] <= 1
    assert none["eta"] == 0.01
    page = (tmp_path / "remedies" / "index.html").read_text()
    assert "The numerical reference reaches" in page
    assert "Algorithm 1" not in page + capsys.readouterr().out


GIVEN = """
from models.examples.delta_rule import network as flexible
from models import Network
import dataclasses

def fixed(seed=0, eta=0.1):
    return flexible((4, 3, 2), seed, eta)

def silent(sizes, seed=0, eta=0.1):
    net = flexible(sizes, seed, eta)
    return dataclasses.replace(net, readout=None)

def rateless(sizes, seed=0):
    return flexible(sizes, seed, 0.1)

def rigid(sizes, seed=0, eta=0.1):
    net = flexible(sizes, seed, eta)
    paths = tuple(dataclasses.replace(p, rule=None) for p in net.pathways)
    return dataclasses.replace(net, pathways=paths)

def several(sizes, eta, eta_slow=0.1):
    return flexible(sizes, 0, eta)

from models.examples.lateral_inhibition import network as unsupervised
"""


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("silent", [], "names no readout, so its answers cannot be judged"),
        ("unsupervised", [], "signal 'target'"),
        ("rigid", [], "no upward pathway of the network has a plasticity rule"),
        ("fixed", [], "has 2 values, but samples of digits have 64 inputs and 10 classes; give"),
        ("fixed", ["--hidden", "5"], "--hidden: the networks of .* have sizes of their own"),
        ("flexible", ["--options", "gain=2"], "Unknown option 'gain'.* Valid: eta."),
        ("several", [], "'eta' has no default; give --options eta="),
    ],
)
def test_what_does_not_fit_is_refused_with_how_to_mend_it(
    function, arguments, message, tmp_path, capsys
):
    path = tmp_path / "given.py"
    path.write_text(GIVEN)
    out = tmp_path / "out"
    given = ["--model", f"{path}:{function}", *arguments, "--out", str(out)]
    assert main(["transfer", *given, "--engine", "torch"]) == 2
    said = capsys.readouterr().err

    assert re.search(message, said), said
    assert not out.exists() or list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (
            "flexible",
            [],
            "Unknown option 'matched_soma'.* The remedy 'matched' sets it; .* none, lag",
        ),
        ("rateless", ["--remedies", "none"], "none of its options is a learning rate"),
        (
            "flexible",
            ["--remedies", "none", "--options", "eta=1"],
            "learning rates are varied here",
        ),
        ("fixed", ["--remedies", "none", "--depths", "2"], "--depths: the networks of .* sizes"),
        ("flexible", ["--remedies", "none", "--shares", "eta_b=1"], "learning rate beside eta"),
        ("several", ["--remedies", "none"], "eta must be"),
    ],
)
def test_remedies_that_do_not_fit_are_refused(function, arguments, message, tmp_path, capsys):
    path = tmp_path / "given.py"
    path.write_text(GIVEN)
    assert main(["remedies", "--model", f"{path}:{function}", *arguments]) == 2

    said = capsys.readouterr().err
    assert re.search(message, said), said


def test_a_plan_is_of_the_file_of_its_model(tmp_path):
    path = tmp_path / "given.py"
    path.write_text(GIVEN)
    config = {"model": f"{path}:flexible", "remedies": ("none",)}
    before = remedies.Config(**config).plan_hash
    path.write_text(GIVEN + "\n")
    assert remedies.Config(**config).plan_hash != before


@pytest.mark.parametrize(
    ("given", "expected"), [({}, {"eta_theta": 0.1}), ({"eta_theta": 0.5}, {"eta_theta": 0.5})]
)
def test_rates_keep_the_ratio_of_the_defaults_unless_told_otherwise(given, expected):
    model = chosen("dll")
    assert shares(model, given) == expected
    assert varied(0.2, model, given) == {"eta_W": 0.2, "eta_theta": 0.2 * expected["eta_theta"]}
    assert rates(model, {"eta_W": 0.5}) == {"eta_W": 0.5, "eta_theta": 0.001}


def test_a_first_rate_of_0_has_no_parts(tmp_path):
    path = tmp_path / "given.py"
    path.write_text("def network(eta=0, eta_b=0.1):\n    pass\n")
    model = chosen(f"{path}:network")
    with pytest.raises(ValueError, match=r"say --shares eta_b=0\.1"):
        shares(model, {})
    assert shares(model, {"eta_b": 0.2}) == {"eta_b": 0.2}


FOLDER = Path(experiments.__file__).parent
TAKING_ANY = [
    *(path for name in ("compare", "law", "remedies") for path in (FOLDER / name).glob("*.py")),
    *(FOLDER / "lab").glob("*.py"),
    FOLDER / "transfer.py",
]


@pytest.mark.parametrize("path", TAKING_ANY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_takes_any_network_names_nothing_of_dlls(path):
    own = ("dll_network", "DLLNetwork", "DLLOptions", "algorithm1")
    assert not [name for name in own if name in path.read_text(encoding="utf-8")]
