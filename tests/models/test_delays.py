"""The stages between a signal and a variable, found by walking, against closed expressions."""

import numpy as np
import pytest
from brian2 import ms

from compartments import Compartment, Neuron, hidden_neuron, input_neuron, output_neuron
from compartments.neurons.two_branch import two_branch_neuron
from compartments.ports import Port, Ports, Sent
from models import Eligibility, Network, Pathway, Population, WeightBundle, dll_network
from models.delays import SignalDelays, missing, stages
from models.eligibility import late_gain, trace_stages, waiting

TAUS = {"tau_u": 10 * ms, "tau_a": 8 * ms, "tau_x": 6 * ms}
DEPTHS = (1, 2, 3, 4)


def names(found):
    return tuple(stage.name for stage in found)


def deep(depth, **options):
    return dll_network((2,) * (depth + 1), **TAUS, **options)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("beta", [None, 0.5])
def test_stages_of_settling_are_those_of_theory_2(depth, beta):
    net = deep(depth, beta=beta)
    pull = () if beta is None else ("tau_x/(1 + beta)",)
    for i, layer in enumerate(net.layers[1:], start=1):
        down = ("tau_a", "tau_x") * (depth - i)
        assert names(stages(net, "stimulus", layer, "u")) == ("tau_u",) * i
        assert names(stages(net, "stimulus", layer, "error")) == ("tau_u",) * depth + pull + down
        assert names(stages(net, "target", layer, "error")) == pull + down
        if i < depth:
            found = stages(net, "stimulus", layer, "a")
            assert names(found) == ("tau_u",) * depth + pull + down[:-1]
    error = stages(net, "stimulus", net.layers[1], "error")
    ms_of = {"tau_u": 10.0, "tau_a": 8.0, "tau_x": 6.0, "tau_x/(1 + beta)": 4.0}
    assert [s.ms for s in error] == pytest.approx([ms_of[s.name] for s in error], rel=1e-15)


@pytest.mark.parametrize("depth", DEPTHS)
def test_stages_of_eligibility_are_those_of_its_table(depth):
    net = deep(depth, matched_soma=True, filtered_target=True)
    delays = SignalDelays(net.populations, net.pathways)
    for i in range(depth):
        above = depth - i - 1
        wait = waiting(delays, net.layers[i], "u", net.layers[i + 1], None)
        line = ("tau_u",) * (above + 1) + ("tau_a", "tau_x") * above
        assert names(wait.u) == line
        assert names(trace_stages(Eligibility(extra_stages=2), wait)) == ("tau_u",) * 2 + line
        fewer = ("tau_u",) * max(above - 1, 0) + ("tau_a", "tau_x") * above
        assert names(trace_stages(Eligibility(extra_stages=-2), wait)) == fewer
        if i > 0:
            gain = ("tau_u",) * (depth - i + 1) + ("tau_a", "tau_x") * (depth - i)
            assert late_gain(delays, net.layers[i]) == gain
            found = waiting(delays, net.layers[i + 1], "u", None, net.layers[i])
            assert names(found.delta) == ("tau_a", "tau_x")


def two_kinds(second, **changes):
    """Input, two hidden layers of different kinds, output; everything one neuron wide."""
    top = output_neuron("top", "linear", tau_u=4 * ms, tau_x=1 * ms)
    first = hidden_neuron("first", "linear", tau_u=10 * ms, tau_a=9 * ms, tau_x=7 * ms)
    populations = (
        Population("input", 1, input_neuron()),
        Population("low", 1, first),
        Population("high", 1, second, {"lateral": "context"}),
        Population("top", 1, top),
    )
    order = [p.name for p in populations]
    paths = [
        Pathway(f"W{i}", order[i], order[i + 1], "drive", "u", **changes if i == 1 else {})
        for i in range(3)
    ]
    paths += [
        Pathway(f"theta{i}", order[i + 1], order[i], "feedback", "delta", upward=False)
        for i in (1, 2)
    ]
    weights = WeightBundle({path.name: np.ones((1, 1)) for path in paths})
    return Network(populations, tuple(paths), weights)


def branched(**changes):
    times = {"tau_u": 3 * ms, "tau_a": 2 * ms, "tau_x": 5 * ms, "tau_lateral": 20 * ms} | changes
    return two_branch_neuron("second", "linear", **times)


def test_stages_of_a_network_of_two_kinds_by_hand():
    net = two_kinds(branched())
    error = stages(net, "stimulus", "low", "error")
    # up 10, 3, 4 to the error of the output, which is held; down through high 2 + 5, low 9 + 7
    assert [(s.population, s.ms) for s in error] == [
        ("low", 10), ("high", 3), ("top", 4), ("high", 2), ("high", 5), ("low", 9), ("low", 7),
    ]  # fmt: skip
    assert [s.ms for s in stages(net, "context", "low", "error")] == [20, 5, 9, 7]
    u, delta = (stages(net, "stimulus", *at) for at in (("input", "u"), ("low", "delta")))
    assert [s.ms for s in missing("u", delta, u)] == [10, 3, 4, 2, 5, 9, 7]


def test_what_no_chain_of_stages_describes_is_refused():
    silent = Neuron("silent", branched().compartments, branched().parameters)
    with pytest.raises(
        ValueError,
        match=r"no first-order delay is declared.* 'delta' of 'high'",
    ):
        stages(two_kinds(silent), "stimulus", "low", "error")
    with pytest.raises(ValueError, match="'u' of 'input': nothing leads there from it"):
        stages(two_kinds(branched()), "context", "input", "u")
    with pytest.raises(ValueError, match=r"pathway 'W1' has a delay, which is no first-order"):
        stages(two_kinds(branched(), delay=2 * ms), "stimulus", "top", "u")
    per_neuron = two_kinds(branched(tau_a=[2.0] * ms))
    with pytest.raises(ValueError, match="'tau_a' differs between the neurons of 'second'"):
        stages(per_neuron, "stimulus", "low", "error")
    early, late = (stages(per_neuron, "stimulus", *at) for at in (("low", "u"), ("input", "u")))
    with pytest.raises(ValueError, match=r"u: it is to wait, but is itself behind tau_u of 'low'"):
        missing("u", late, early)


def passed_on(name, tau, port):
    ports = Ports((Port(port, "below"),), (Sent("v", "up"),), {(port, "v"): ("tau",)})
    soma = Compartment("soma", f"dv/dt = ({port} - v)/tau : 1\n{port} : 1")
    return Neuron(name, (soma,), {"tau": tau}, ports=ports)


def test_ways_that_differ_or_go_round_are_refused():
    def net(*pathways, slow=20 * ms):
        cells = [Population("input", 1, input_neuron())]
        times = {"left": 10 * ms, "right": slow, "end": 5 * ms}
        cells += [Population(n, 1, passed_on(n, tau, "drive")) for n, tau in times.items()]
        paths = [Pathway(f"p{k}", *ends, "drive", "v") for k, ends in enumerate(pathways)]
        paths += [Pathway(f"in_{n}", "input", n, "drive", "u") for n in ("left", "right")]
        return Network(
            tuple(cells), tuple(paths), WeightBundle({p.name: np.ones((1, 1)) for p in paths})
        )

    fork = (("left", "end"), ("right", "end"))
    with pytest.raises(ValueError, match=r"two ways lead to end.drive, by the stages \(left.tau\)"):
        stages(net(*fork), "stimulus", "end", "v")
    assert [s.ms for s in stages(net(*fork, slow=10 * ms), "stimulus", "end", "v")] == [10, 5]
    with pytest.raises(ValueError, match=r"goes round in a circle.*: .*left\.v"):
        stages(net(*fork, ("end", "left")), "stimulus", "end", "v")


def test_what_goes_with_eligibility_follows_from_delays():
    with pytest.raises(ValueError, match="nothing to wait for: 'look-ahead' neurons"):
        deep(2, neuron="look-ahead", constants={"tau_d": 1 * ms}, eligibility=Eligibility())
    with pytest.raises(ValueError, match=r"no first-order delay is declared.*'delta' of 'hidden1'"):
        deep(3, neuron="plateau", eligibility=Eligibility())
    with pytest.raises(ValueError, match="Unknown neuron 'conductance'"):
        deep(2, neuron="conductance")
    lateral = deep(2, neuron="two-branch", eligibility=Eligibility())
    assert lateral.signals == ("stimulus", "target")
