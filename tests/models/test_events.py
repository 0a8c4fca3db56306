"""Events: spike for spike in both engines, in law with numbers of their own; what is refused."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV

from compartments import Compartment, Neuron, PlasticityRule, input_neuron, responses
from compartments.event_records import moments_of
from experiments.spikes.networks import FIRING, deterministic, given_numbers, shown, with_chance
from models import Network, Pathway, Population, Schedule, WeightBundle, simulate
from rate_bridge import ode_engine
from rate_bridge.references.registry import reference

ENGINES = {"brian2": simulate, "torch": ode_engine.simulate}
each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


def both(network, presentations, length=100 * ms, **settings):
    neuron = network.population("cells").neuron
    names = (*(event.name for event in neuron.events), *neuron.states)
    plan = shown(network, presentations, length)
    return [run(network, plan, record=names, **settings) for run in ENGINES.values()]


def assert_same_events(one, other, at_least):
    assert set(one.events) == set(other.events)
    for name in one.events:
        # times are whole steps in ms; rounding of their products with dt is below 1e-9
        np.testing.assert_allclose(one.events[name], other.events[name], atol=1e-9)
    assert one.events.sizes["spike_cells"] >= at_least
    # 1e-10: roundings of 1e-16 grow by the exponential's slope of 1/0.2 before a spike
    for name in one.traces:
        np.testing.assert_allclose(one.traces[name], other.traces[name], atol=1e-10)
    for name in one.weights:
        np.testing.assert_allclose(one.weights[name], other.weights[name], atol=1e-12)


@pytest.mark.parametrize("case", ["refractory", "pairs of spikes, delayed"])
def test_spike_for_spike(case):
    one, other = both(deterministic(case), 2)
    assert_same_events(one, other, at_least=30)


def test_spike_for_spike_with_given_numbers():
    one, other = both(with_chance(), 2, noise=given_numbers(200))
    assert_same_events(one, other, at_least=30)
    assert one.events.many_cells_count.max() > 1


@pytest.mark.slow
@pytest.mark.parametrize("case", FIRING)
def test_spike_for_spike_over_2500_steps(case):
    one, other = both(deterministic(case), 5, 500 * ms)
    assert_same_events(one, other, at_least=900)
    if "burst" in case:
        assert one.events.sizes["burst_cells"] >= 50


@pytest.mark.slow
def test_in_law_with_numbers_of_their_own():
    # a thousand cells alone, so that every one is a sample
    neuron = with_chance().population("cells").neuron
    network = Network(
        (Population("input", 1, input_neuron()), Population("cells", 1000, neuron)),
        (Pathway("up", "input", "cells", "drive", "u"),),
        WeightBundle({"up": np.full((1000, 1), 0.7)}),
    )
    plan = Schedule({"stimulus": np.ones((1, 1))}, presentation=300 * ms)
    counts = {"spike": [], "many": []}
    for run in ENGINES.values():
        found = run(network, plan, record=("spike", "many"), seed=8).events
        for event, per_cell in counts.items():
            moments = moments_of(found, event, "cells")
            per_cell.append(np.bincount(moments.unit, moments.count, minlength=1000))
    for one, other in counts.values():
        for power in (1, 2):  # first and second moment within three standard errors of each other
            a, b = one**power, other**power
            error = (a.var() / len(a) + b.var() / len(b)) ** 0.5
            assert abs(a.mean() - b.mean()) < 3 * error


def test_a_batch_and_copies_have_events_of_their_own():
    network = with_chance()
    plan = Schedule({"stimulus": np.ones((4, 3))}, presentation=60 * ms)
    run = ode_engine.simulate_copies([network] * 2, plan, batch=2, record=("spike",), seed=[3, 9])
    alone = ode_engine.simulate(network, plan, batch=2, record=("spike",), seed=9)
    of_copy = run.of_copy(1).events
    for name in alone.events:
        np.testing.assert_array_equal(of_copy[name], alone.events[name])
    first, second = (moments_of(alone.events, "spike", "cells", batch=b) for b in (0, 1))
    assert len(first.time_ms) > 0
    assert not np.array_equal(first.time_ms, second.time_ms)


def test_a_rest_of_events_leaves_nothing():
    engine = ode_engine.engine.OdeEngine(deterministic("delayed"), batch=1)
    stimulus = {"stimulus": ode_engine.engine.torch.ones(1, 5)}
    seen = []
    for _ in range(2):
        engine.rest()
        engine.present(stimulus)
        seen.append(engine.buffers.states["cells", "v"].clone())
    assert (seen[0] == seen[1]).all()


def cell(threshold="v > 1", reset="v = 0", equations="dv/dt = -v/tau : 1", **options):
    parameters = {"tau": 10 * ms, **options.pop("parameters", {})}
    part = Compartment("soma", equations)
    return Neuron("cell", (part,), parameters, threshold=threshold, reset=reset, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reset": None}, "threshold of 'spike' without reset; say what the event does, or reset"),
        ({"threshold": None}, "reset: Unknown event 'spike'"),
        ({"threshold": {"burst": "v > 1"}, "reset": {"bursts": ""}}, "'burst' without reset"),
        ({"threshold": {"v": "v > 1"}, "reset": {"v": ""}}, "'v' is a variable or a constant"),
        ({"threshold": "v + 1"}, "is a number; write a condition"),
        ({"threshold": "q > 1"}, "event 'spike': Unknown name 'q'"),
        ({"threshold": "rand() < 1.2"}, "probability is a number in 0..1, got 1.2"),
        ({"threshold": "rand() < -0.5"}, "probability is a number in 0..1, got -0.5"),
        ({"threshold": "randn() < 1"}, "draws by randn; a threshold draws one number"),
        ({"threshold": "rand() + rand() < 1"}, "draws by rand, rand; a threshold draws one"),
        ({"reset": "u = 0"}, "Unknown state 'u'. Valid: v"),
        ({"reset": "v = rand()"}, r"draws by rand\(\); name an expression"),
        ({"reset": "v = tau"}, "'v = tau'.*Expression 'tau' does not have the expected unit"),
        ({"threshold": "poisson(v)"}, "statements can only add"),
        ({"threshold": "poisson(v)", "reset": "v += v"}, "reads what the event changes"),
        ({"threshold": "poisson(1/tau)", "reset": ""}, "plain number; times dt"),
        ({"refractory": 3}, "refractory must be a time with its unit"),
        ({"threshold": {"b": "v > 1"}, "reset": {"b": ""}, "refractory": 1 * ms}, "event 'spike'"),
        ({"equations": "dv/dt = -v/tau : 1 (unless refractory)"}, "'unless refractory'; give"),
        ({"parameters": {"unused": 1.0}}, "no equation uses the constant 'unused'"),
    ],
)
def test_events_that_are_none_are_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        cell(**options)


BODY = Neuron(
    "body",
    (
        Compartment("basal", "db/dt = -b/tau : 1"),
        Compartment("soma", "dv/dt = (b + a - v)/tau : 1"),
        Compartment("apical", "da/dt = (far - a)/tau : 1"),
        Compartment("tuft", "dfar/dt = -far/tau : 1\ndm/dt = -m/tau : volt"),
    ),
    {"tau": 10 * ms},
    threshold={"spike": "v > 1", "many": "poisson(abs(v))"},
    reset={"spike": "", "many": ""},
)


def linked(rule=None, **how):
    how = {"target": "b", "sends": "spike", "on_pre": "b_post += w", **how}
    cells = Population("cells", 2, BODY)
    pathway = Pathway("link", "cells", "cells", rule=rule, **how)
    return Network((cells,), (pathway,), WeightBundle({"link": np.zeros((2, 2))}))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"on_pre": ""}, r"'spike' is an event of 'cells'; say .* on_pre='b_post \+= w'"),
        ({"sends": "burst"}, "Unknown event of 'cells' 'burst'"),
        ({"on_pre": "b_post += w*a_post"}, "'a_post' is not known at the synapse.*ends in 'basal'"),
        ({"on_pre": "b_post += w*v_pre"}, "reads 'v_pre'; an event carries no value"),
        ({"on_pre": "b_post = w"}, r"must add to 'b_post' \(\+=, -=\)"),
        ({"on_pre": "b_post += w*b_post"}, "must add to 'b_post'"),
        ({"on_pre": "v_post += w"}, "must add to 'b_post'"),
        ({"on_pre": "b_post += rand()"}, "draws; synapses are not random"),
        ({"on_pre": "b_post += w*q"}, "Unknown name 'q'"),
        ({"on_pre": "m_post += w", "target": "m"}, "on_pre: 'm_post"),
        ({"sends": "many", "delay": 2 * ms}, "queue of spikes has no counts"),
    ],
)
def test_pathways_that_cannot_be_are_refused(how, message):
    with pytest.raises(ValueError, match=f"Pathway 'link'.*{message}"):
        linked(**how)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"on_pre": "w += a_post"}, "'a_post' is not known at the synapse"),
        ({"on_post": {"burst": "w += 1"}}, "Unknown event of 'cells' 'burst'"),
        ({"on_post": "w += v_pre"}, "'v_pre' is not known at the synapse"),
        ({"on_pre": "w += b_post"}, "reads 'b_post', which other synapses change"),
        ({"on_post": {"many": "w *= 2"}}, "several cells may have the event 'many' at once"),
    ],
)
def test_rules_at_events_are_local(rule, message):
    with pytest.raises(ValueError, match=message):
        linked(PlasticityRule("mine", "", **rule))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"on_pre": "w += teacher"}, "'teacher' in 'w \\+= teacher' is not local"),
        ({"on_pre": "w += rand()"}, "'rand' in .* is refused: a rule is a function"),
        ({"on_post": "x += 1"}, "Unknown variable of the synapse 'x'"),
        ({"on_post": "w += learning"}, "does not have the expected unit"),
        ({"on_post": 3}, "statements must be a str or Mapping"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule, message):
    with pytest.raises((ValueError, TypeError), match=message):
        PlasticityRule("mine", "", **rule)


@each_engine
def test_what_a_run_cannot_do_is_said(engine):
    network = deterministic("short-term depression")
    plan = shown(network, 1, 5 * ms)
    with pytest.raises(ValueError, match="on_pre reads 'x' of its synapses, which do not move"):
        engine(network, plan, plastic=False)
    end = engine(network, plan).end
    with pytest.raises(ValueError, match="'cells' is refractory after spikes, which a state does"):
        engine(network, plan, start=end)
    with pytest.raises(ValueError, match="Unknown variable to record 'burst'"):
        engine(network, plan, record=("burst",))


def test_who_cannot_run_events_says_so():
    network = deterministic("delayed")
    with pytest.raises(ValueError, match="'integrate_and_fire' has events, which are for networks"):
        responses(network.population("cells").neuron, 5 * ms)
    with pytest.raises(ValueError, match="'cells' has events and never rests"):
        reference(network)


def test_a_rule_may_only_hold_events():
    rule = PlasticityRule("only", "", {"eta": 0.1}, on_post="w += eta")
    assert rule.states == ("w",)
    assert rule.identifiers == {"learning", "eta"}


def test_the_record_that_is_missing_is_named():
    run = simulate(deterministic("delayed"), shown(deterministic("delayed"), 1, 5 * ms))
    with pytest.raises(ValueError, match="'spike_cells' was not recorded; recorded are: none"):
        moments_of(run.events, "spike", "cells")


def test_units():
    neuron = cell(
        "v > v_t", "v = v_r", "dv/dt = -v/tau : volt", parameters={"v_t": 1 * mV, "v_r": 0 * mV}
    )
    assert neuron.event("spike").identifiers == {"v", "v_t", "v_r"}
    assert cell("rand() < rate*dt", "", parameters={"rate": 5 * Hz}).draws[0].is_uniform
