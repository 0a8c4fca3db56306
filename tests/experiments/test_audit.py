"""The audit's own test suite: controls, cheats, and the two readings of every model."""

import ast
import runpy
import shutil
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import pytest
import torch
from audit_cheats import CHEATS, HONEST, rectified
from brian2 import ms, second

import models.examples
import rate_bridge.rules.examples
from compartments import Compartment, Neuron, input_neuron
from experiments.audit import experiment
from experiments.audit.audit import audit
from experiments.audit.claims import GLOSSARY
from experiments.audit.diagram import circuit_of, diagram, readable
from experiments.audit.evidence_page import sentences, slug, ticks, verdict_on
from experiments.audit.registry import TESTS
from experiments.audit.subjects import Audited
from experiments.lab.runner import call
from experiments.lab.storage import read_json
from models import MODELS, Network, Pathway, Population, WeightBundle, dll_network
from rate_bridge.audit.circuit import OpenCircuit
from rate_bridge.audit.evidence import Control, ControlError, Evidence, Finding
from rate_bridge.audit.named import reads
from rate_bridge.audit.reads import spans
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.rules import RULE_NAMES, make_rule


@dataclass(frozen=True)
class Made(Audited):
    """A subject whose learner is given."""

    given: object = None

    @property
    def learner(self):
        return self.given


ROOT = Path(__file__).parents[2]

CAUSES = ("G1", "G2", "G3a")
"""Tests that no honest rule may fail."""


@pytest.mark.parametrize("name", CHEATS)
def test_every_cheat_is_caught_by_the_right_test(name):
    right, learner = CHEATS[name]
    for test in dict.fromkeys((right, *CAUSES)):
        finding = TESTS[test].finding(Made("rule", name, given=learner))
        assert (finding.verdict == "fails") == (test == right), finding.why
        assert all(control.comes_out for control in finding.controls)


QUICK = ("fa",)
ALL_HONEST = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in HONEST
]


@pytest.mark.parametrize("name", ALL_HONEST)
def test_no_honest_rule_is_found_guilty(name):
    for test in CAUSES:
        finding = TESTS[test].finding(Made("rule", name, given=HONEST[name]))
        assert finding.verdict == "holds", finding.why


def clocked():
    """A cell that is driven by the time alone."""
    cell = Neuron(
        "cell", (Compartment("soma", "dv/dt = (drive*sin(t/tau) - v)/tau : 1\ndrive : 1"),),
        {"tau": 10 * ms},
    )  # fmt: skip
    populations = (Population("input", 2, input_neuron()), Population("cells", 3, cell))
    path = Pathway("W", "input", "cells", "drive", "u")
    return Network(populations, (path,), WeightBundle({"W": np.ones((3, 2))}), ("cells", "v"))


def tied():
    net = dll_network((3, 4, 5, 2))
    weights = {name: net.weights[name.replace("theta", "W")] for name in net.weights}
    return net.with_weights(WeightBundle(weights))


NETWORK_CHEATS = {
    "G1": lambda: dll_network((3, 4, 5, 2), theta_rule="kp"),
    "G2": tied,
    "G3a": clocked,
}


@pytest.mark.parametrize("right", NETWORK_CHEATS)
def test_every_network_that_cheats_is_caught_by_the_right_test(right):
    evidence = audit(NETWORK_CHEATS[right](), tests={test: TESTS[test] for test in CAUSES})
    verdicts = {finding.test: finding.verdict for finding in evidence.findings}
    assert verdicts == {test: "fails" if test == right else "holds" for test in CAUSES}


def test_what_is_rectified_for_good_is_not_found_guilty():
    finding = TESTS["G5"].finding(Made("rule", "rectified", given=rectified))
    assert finding.verdict == "holds", finding.why


EXAMPLES = sorted(Path(models.examples.__file__).parent.glob("[a-z]*.py"))
DESCRIBED = {
    **{name: model.build((3, 4, 5, 2), model.options(), 0) for name, model in MODELS.items()},
    **{f"dll {rule}": dll_network((3, 4, 5, 2), theta_rule=rule) for rule in ("fixed", "kp")},
    **{path.stem: runpy.run_path(str(path))["network"]() for path in EXAMPLES},
}


GRADED = [
    name for name, net in DESCRIBED.items() if not any(p.neuron.events for p in net.populations)
]


@pytest.mark.parametrize("name", sorted(set(DESCRIBED) - set(GRADED)))
def test_what_jumps_at_events_is_said_to_be_in_no_derivative(name):
    evidence = audit(DESCRIBED[name], tests={"G1": TESTS["G1"]})
    assert evidence.finding("G1").verdict == "not applicable"
    assert "what jumps at an event" in evidence.finding("G1").why


def test_what_has_no_derivative_has_no_matrix():
    clocked_rule = Made("rule", "clock", given=CHEATS["a hidden clock"][1])
    assert experiment.block_reads(clocked_rule, 0, {})["rows"] == []


def test_the_offending_arrow_is_drawn_where_it_is():
    drawn, places = circuit_of(Audited("rule", "bp"))
    found = diagram(drawn, places, [("3.weight", "1.error"), ("5.weight", "3.weight.w")])
    assert found["offenders"] == [["W1", "layer 1"], ["W2", "W1"]]
    assert readable("3.weight into 1.error", places) == "W1 into error of layer 1"


def test_a_step_hides_nothing():
    """int(u > 0) has no derivative but where it jumps."""
    soma = Compartment("soma", "dv/dt = (drive*int(u > 0.2) - v)/tau : 1\nu = v : 1\ndrive : 1")
    populations = (
        Population("input", 2, input_neuron()),
        Population("cells", 3, Neuron("cell", (soma,), {"tau": 10 * ms})),
    )
    path = Pathway("W", "input", "cells", "drive", "u")
    net = Network(populations, (path,), WeightBundle({"W": np.ones((3, 2))}))
    found, differ = reads(OpenCircuit(net), states=30)
    assert (differ.missed, differ.false) == (0, 0)
    assert ("cells.u", "cells.v") in {read.arrow for read in found.found()}


@pytest.mark.parametrize("name", GRADED)
def test_derivatives_are_nonzero_where_strings_name_something_and_nowhere_else(name):
    found, differ = reads(OpenCircuit(DESCRIBED[name]))
    assert (differ.missed, differ.false) == (0, 0)
    assert differ.agreed > 50
    declared = DESCRIBED[name].declared_nonlocal
    assert {read.row.owner for read in found.beyond()} == set(declared)


@pytest.mark.parametrize("name", ["dll", "microcircuit"])
def test_what_is_differentiated_is_what_the_engine_steps(name):
    net = DESCRIBED[name]
    circuit = OpenCircuit(net)
    generator = np.random.default_rng(0)
    shown = {"stimulus": generator.normal(size=(1, 3)), "target": generator.normal(size=(1, 2))}
    dt, window = 1e-5, 0.25
    engine = OdeEngine(
        net, Timing(1, 0, 0, window), dt=dt * second, dtype=torch.float64, deferred=False
    )
    buffers = engine.buffers
    for tensor in (*buffers.states.values(), *buffers.synapses.values()):
        tensor.copy_(torch.as_tensor(generator.normal(size=tuple(tensor.shape))))
    if "nudge1" in net.weights:
        for path in (p for p in net.pathways if p.mask is not None):
            buffers.synapses[path.name, "w"].mul_(torch.tensor(path.mask))
    before = {k: v.clone() for k, v in (*buffers.states.items(), *buffers.synapses.items())}
    signals = {n: torch.as_tensor(v[0]) for n, v in shown.items()}
    signals["target_on"] = torch.ones(1, dtype=torch.float64)
    states = torch.cat([before[p.population, p.variable].flatten() for p in circuit.field.layout])
    weights = {p.name: before[p.name, "w"] for p in net.pathways}
    instant = circuit.field.at(states, signals, weights)
    flat = []
    for block in circuit.columns:
        if block.kind == "cell":
            flat.append(instant(block.owner, block.variable))
        elif block.kind == "synapse":
            flat.append(before[block.owner, block.variable].flatten())
        else:
            value = 1 / window if block.variable == "learning" else 0.0
            flat.append(torch.full(block.shape, value, dtype=torch.float64))
    rates = circuit.values(torch.cat([part.double() for part in flat]))
    engine.present({name: torch.as_tensor(value) for name, value in shown.items()})
    after = {**buffers.states, **buffers.synapses}
    moved = 0
    for block, place in spans(circuit.rows):
        key = (block.owner, block.variable)
        if key in before:
            change = (after[key] - before[key]).flatten() / dt
            # a step of 1e-5 s takes ten thousand roundings of float64 into a rate
            torch.testing.assert_close(change, rates[place], rtol=1e-9, atol=1e-9)
            moved += 1
    assert moved >= len(circuit.field.layout) + len([p for p in net.pathways if p.rule])


def test_a_control_that_does_not_come_out_silences_the_audit():
    wrong = Control("bp: weight transport", "fails", "holds", 0.0)
    finding = Finding("G2", "C1", "holds", "nothing changes", controls=(wrong,))
    with pytest.raises(ControlError, match="must come out as 'fails' and came out as 'holds'"):
        Evidence("mine", (finding,))


@pytest.mark.slow
def test_results_are_drawn_from_their_numbers_alone(tmp_path):
    quick = {"learning": False, "out": tmp_path}
    call(experiment, experiment.Config(model="models/examples/delta_rule.py:network", **quick))
    page = (tmp_path / "audit" / "index.html").read_text()
    place = "model-models-examples-delta-rule-py-network"
    assert f'href="{place}/index.html"' in page
    for word, meaning in GLOSSARY.items():
        assert escape(word) in page
        assert escape(meaning).split("`")[0] in page
    details = (tmp_path / "audit" / place / "evidence.md").read_text()
    for test in TESTS.values():
        assert f"| {test.name} | {test.claim} |" in details
    assert (tmp_path / "audit" / place / "circuit.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "some"),
    [("dll-minus", {"dll-minus", "dll"}), ("all", {"bp", "fa", "kp", "microcircuit", "dll"})],
)
def test_committed_evidence_is_drawn_from_its_numbers(tmp_path, name, some):
    kept = ROOT / "experiments" / "results" / "audit" / name
    for file in ("result.json", "config.json"):
        shutil.copy(kept / file, tmp_path / file)
    result = read_json(tmp_path / "result.json")
    assert "\n\n".join(sentences(result)) in (kept / "evidence.md").read_text()
    labels = {subject["label"] for subject in result["subjects"]}
    assert some <= labels
    for subject in result["subjects"]:
        assert all(c["found"] == c["expected"] for f in subject["findings"] for c in f["controls"])
        row = next(
            line
            for line in (kept / "evidence.md").read_text().splitlines()
            if slug(subject) in line
        )
        assert ticks(subject) in row


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ({"G3a": "holds", "G3b": "holds", "G3c": "holds"}, "holds"),
        ({"G3a": "holds", "G3b": "holds"}, "not measured whole"),
        ({"G3a": "holds", "G3b": "holds", "G3c": "not applicable"}, "not measured whole"),
        ({"G3a": "holds", "G3b": "fails"}, "fails"),
        ({"G3a": "not applicable", "G3b": "not applicable"}, "not applicable"),
    ],
)
def test_a_claim_holds_only_where_every_part_was_measured(verdicts, whole):
    findings = [{"test": test, "verdict": verdict} for test, verdict in verdicts.items()]
    assert verdict_on({"findings": findings}, "C3") == whole


def test_what_was_not_measured_whole_is_not_as_published():
    result = read_json(ROOT / "experiments" / "results" / "audit" / "all" / "result.json")
    said = "network dll: measured ✓✓?, published ✓✓✓: C3 not measured whole."
    assert said in sentences(result)


def test_what_cannot_be_audited_is_refused():
    with pytest.raises(ValueError, match=r"Unknown rule 'bpp'\. Did you mean 'bp'"):
        experiment.Config(rule="bpp")
    with pytest.raises(ValueError, match="--all: leave out --rule"):
        experiment.Config(rule="bp", all=True)
    with pytest.raises(ValueError, match="--options: they are a model's"):
        experiment.Config(options=("beta=1",))


def test_the_page_names_every_rule_and_model():
    labels = [subject.label for subject in experiment.Config(all=True).subjects()]
    rules = {make_rule(name) for name in RULE_NAMES}
    assert {make_rule(name) for name in labels if name in RULE_NAMES} == rules
    assert set(MODELS) <= set(labels)


def test_a_rule_of_ones_own_is_one_short_file():
    path = Path(rate_bridge.rules.examples.__file__).parent / "manhattan.py"
    code = [
        line
        for line in ast.unparse(ast.parse(path.read_text())).splitlines()
        if line.strip() and not line.strip().startswith(('"""', "'"))
    ]
    assert len(code) <= 20
    evidence = audit(Audited("rule", f"{path}:rule"), tests={"G2": TESTS["G2"], "G6": TESTS["G6"]})
    assert [finding.verdict for finding in evidence.findings] == ["holds", "holds"]


def test_a_learner_and_a_network_are_audited_as_they_are():
    tests = {"G2": TESTS["G2"], "G3b": TESTS["G3b"]}
    learner = audit(HONEST["fa"], tests=tests)
    assert [finding.verdict for finding in learner.findings] == ["holds", "fails"]
    network = audit(DESCRIBED["microcircuit"], tests=tests)
    assert [finding.verdict for finding in network.findings] == ["fails", "holds"]
    assert ("W1.w", "IP1.w") in network.finding("G2").offenders
