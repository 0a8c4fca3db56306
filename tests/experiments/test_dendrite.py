"""``tuft dendrite``: one neuron by every tool, of the registry or of one's own."""

import pytest

from compartments import toolbox
from experiments.cli import main
from experiments.dendrite.experiment import TOOL_CAPTIONS, Config, uses
from experiments.lab.storage import read_json

OWN = """
from brian2 import ms
from compartments import Compartment, Neuron
def cell():
    text = "dv/dt = (drive - v)/tau : 1\\ndrive : 1"
    return Neuron("cell", (Compartment("soma", text),), {"tau": 10*ms})
"""


def test_a_neuron_of_ones_own_has_a_page(tmp_path, capsys):
    (tmp_path / "my_cell.py").write_text(OWN)
    neuron = f"{tmp_path / 'my_cell.py'}:cell"
    assert main(["dendrite", "--neuron", neuron, "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "step_response: largest deviation from theory 0.00" in out
    assert "a coincidence needs two" in out
    result = read_json(tmp_path / "dendrite" / "result.json")
    assert set(result["deviations"]) | set(result["left_out"]) == set(toolbox.__all__)
    page = (tmp_path / "dendrite" / "index.html").read_text(encoding="utf-8")
    assert "dv/dt = (drive - v)/tau" in page
    assert "attenuation.png" in page


def test_every_tool_is_used_and_has_a_caption():
    assert set(uses(Config().built())) == set(TOOL_CAPTIONS) == set(toolbox.__all__)


def test_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown neuron 'grade'.* Did you mean 'graded'"):
        Config(neuron="grade")
    (tmp_path / "other.py").write_text("def cell():\n    return 1\n")
    with pytest.raises((TypeError, ValueError), match="what it returns must be a Neuron"):
        Config(neuron=f"{tmp_path / 'other.py'}:cell")
