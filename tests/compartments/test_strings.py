"""Strings are data: none is executed, none hangs, and what is refused is refused in one line."""

from collections import Counter

import hostile
import pytest
from brian2 import Equations, amp, metre, ms, mV, nS, siemens
from brian2.core.functions import DEFAULT_FUNCTIONS
from hypothesis import HealthCheck, given, settings

from compartments import (
    ACTIVATIONS,
    Activation,
    Compartment,
    Neuron,
    PlasticityRule,
    save_traces,
)
from compartments import equations as of_the_neurons
from compartments.neurons import conductance, interneuron, plateau, two_branch
from compartments.plasticity import forward_rule
from compartments.strings import (
    checked_equations,
    condition,
    declared_unit,
    expression,
    statements,
    unit,
)
from compartments.traces import delay_line, with_trace


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    hostile.warm()


def test_a_text_in_an_equation_is_not_executed() -> None:
    with hostile.watched() as seen, pytest.raises(ValueError, match="a text is no value"):
        Compartment("c", """z = exp("__import__('os').system('true')") : 1""")
    assert seen == []


@pytest.mark.parametrize("entrance", hostile.ENTRANCES)
def test_hostile_texts_are_refused(entrance: str) -> None:
    found: dict[str, list[str]] = {}
    for text in hostile.EXPRESSIONS + hostile.BOMBS:
        outcome = hostile.outcome(hostile.ENTRANCES[entrance], text)
        found.setdefault(outcome, []).append(text)
    found.pop("refused")
    if entrance in ("equations", "statements"):  # no equations, no statements, and a good one
        assert set(found.pop("accepted")) == {"", "  ", *["u = 1"] * (entrance == "statements")}
    assert found == {}


@pytest.mark.parametrize(
    ("entrance", "texts"),
    [
        ("unit", hostile.UNITS),
        ("declaration", hostile.UNITS),
        ("equations", [text for text in hostile.SYSTEMS if text]),
        ("rule", hostile.SYSTEMS),
        ("statements", hostile.STATEMENTS),
    ],
)
def test_hostile_units_systems_and_statements_are_refused(entrance: str, texts: list[str]) -> None:
    outcomes = {text: hostile.outcome(hostile.ENTRANCES[entrance], text) for text in texts}
    assert {t: o for t, o in outcomes.items() if o != "refused"} == {}


def _fuzz(number: int) -> Counter[str]:
    found: Counter[str] = Counter()
    bad: list[tuple[str, str, str]] = []

    @given(hostile.fuzzed)
    @settings(max_examples=number, suppress_health_check=list(HealthCheck))
    def attack(text: str) -> None:
        for name, entrance in hostile.ENTRANCES.items():
            outcome = hostile.outcome(entrance, text)
            found[outcome] += 1
            if outcome not in ("refused", "accepted"):
                bad.append((outcome, name, text))

    attack()
    assert bad == []
    return found


def test_fuzzed_texts_neither_run_nor_hang() -> None:
    found = _fuzz(150)
    assert found["refused"] > 100
    assert found["accepted"] > 50


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_ten_thousand_fuzzed_texts(capsys: pytest.CaptureFixture[str]) -> None:
    found = _fuzz(10_000)
    with capsys.disabled():
        print(
            f"\n{len(hostile.ENTRANCES)} entrances, 10,000 texts: executed {found['executed']}, "
            f"hung {found['hung']}, refused {found['refused']}, accepted {found['accepted']}"
        )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1/(u - u)", "infinite"),
        ("z*tan(pi/2)", "infinite"),
        ("arctan(1/(u - u))", "infinite"),
        ("log(0*u - 1)", "imaginary"),
        ("(0*u - 1)**0.5*z", "imaginary"),
        ("1 % (u - u)", "no number"),
        ("int(1/(u - u) > 0)", "no number"),
        ("sqrt(0*u - 1)", "has no value"),
        ("exp(1000 + 0*u)", "infinite"),
        ("1e300*u*1e300", r"larger than 1e\+300"),
    ],
)
def test_what_has_no_value_is_refused_where_it_is_described(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"soma.*equation of 'x': .*{reason}"):
        Compartment("soma", f"x = {text} : 1\nu : 1\nz : 1")
    with pytest.raises(ValueError, match=f"rule 'mine'.*equation of 'w': .*{reason}"):
        PlasticityRule("mine", f"dw/dt = learning*({text}) : 1\nu = w : 1\nz = w : 1")
    with pytest.raises(ValueError, match=f"Activation 'mine', function: .*{reason}"):
        Activation("mine", text.replace("u", "z"), "1")


def test_what_has_no_value_once_it_is_written_out_is_refused() -> None:
    parts = (
        Compartment("soma", "x = 1/(y - v) : 1\nv : 1"),
        Compartment("basal", "y = v + 0*v : 1"),
    )
    with pytest.raises(ValueError, match=r"'x': with its subexpressions written out, .* infinite"):
        Neuron("cell", parts)


@pytest.mark.parametrize("text", ["clip(u, -inf, inf)", "int(u < inf)", "1/u", "log(u - 1)", "0*u"])
def test_what_may_have_a_value_is_accepted(text: str) -> None:
    assert expression("Here", text).text == text


def test_an_object_of_brian2_passes_the_same_gate() -> None:
    made = Equations("x = u**99 : 1\nu : 1")
    with pytest.raises(ValueError, match=r"'soma', equation of 'x': the exponent 99 is beyond 32"):
        Compartment("soma", made)
    with pytest.raises(ValueError, match=r"must be a text or brian2\.Equations, got NoneType"):
        Compartment("soma", None)


def test_subexpressions_of_several_compartments_are_measured_together() -> None:
    lines = [f"x{k} = x{k - 1}*x{k - 1} + z : 1" for k in range(1, 20)]
    parts = [Compartment(f"part {k}", line) for k, line in enumerate(lines)]
    with pytest.raises(ValueError, match=r"equation of 'x\d+': with its subexpressions written ou"):
        Neuron("cell", (*parts, Compartment("input", "x0 : 1\nz : 1")))


def test_the_equations_of_the_package_pass() -> None:
    modules = (of_the_neurons, conductance, interneuron, plateau, two_branch)
    found = [v for module in modules for v in vars(module).values() if isinstance(v, Equations)]
    assert len(found) >= 10
    for equations in found:
        text = "\n".join(str(line) for line in equations.values())
        passed = checked_equations("Package", text)
        assert sorted(map(str, passed.values())) == sorted(map(str, equations.values()))
    for activation in ACTIVATIONS.values():
        assert expression("Package", activation.function).names <= {"z"}


def test_what_brian2_reads_is_read_alike() -> None:
    text = """
        # a comment: with a colon
        dv/dt = (g_leak*(E_leak - v)  # another
                 + input_current)/capacity : volt
        input_current : amp
        on = v > E_leak and not (v >= 0*E_leak) : boolean
        count : integer
        rate = int(on)/tau : Hz
        shown=clip(v/E_leak,0,inf) : 1 (constant over dt)
        conductance : siemens/metre**2
    """
    ours, brians = checked_equations("Here", text), Equations(text)
    assert set(ours) == set(brians)
    for name, line in ours.items():
        other = brians[name]
        assert (line.type, line.dim, line.var_type) == (other.type, other.dim, other.var_type)
        assert line.flags == other.flags
        assert "".join(str(line.expr).split()) == "".join(str(other.expr).split())


@pytest.mark.parametrize("name", DEFAULT_FUNCTIONS)
def test_every_function_of_brian2_can_be_called(name: str) -> None:
    arguments = ", ".join("x" * len(DEFAULT_FUNCTIONS[name]._arg_units))
    assert expression("Here", f"{name}({arguments})").names <= {"x"}


@pytest.mark.parametrize(
    "text",
    [
        "xi*sqrt(2*sigma/tau) + randn()*rand()",
        "-0.5 + .5e-3 - 1.e2 + +z",
        "z**-3 + z**0.5 + 2**z + z**n",
        "0.32*(13 - v)/(exp((13 - v)/4) - 1)*(1 - m)*m**3*h",
        "int(t > 5*tau and not t >= 6*tau or True)*z % 3 // 2",
        " + ".join(f"a{k}*b{k}" for k in range(60)),
        "z/(1 + abs(z)) + clip(z, -inf, 6)",
    ],
)
def test_what_models_need_is_accepted(text: str) -> None:
    assert expression("Here", text).text == " ".join(text.split())


def test_conditions_statements_and_units() -> None:
    assert condition("Threshold", "v > v_t or refractory").names == {"v", "v_t", "refractory"}
    with pytest.raises(ValueError, match="Threshold: 'v - v_t' is a number; write a condition"):
        condition("Threshold", "v - v_t")
    made = statements("Reset", "v = v_r; w+=b # adapt\n x_pre -= 0.5*x_pre")
    assert [str(s) for s in made] == ["v = v_r", "w += b", "x_pre -= 0.5*x_pre"]
    assert made[1].value.names == {"b"}
    assert unit("Here", "siemens/metre**2").dim == siemens.dim / (metre**2).dim
    assert float(unit("Here", "mV")) == float(mV)
    assert float(unit("Here", " nS * mV ")) == pytest.approx(float(nS * mV), rel=1e-15)
    assert unit("Here", "1/second").dim == declared_unit("Here", "Hz")[0]
    assert declared_unit("Here", "volt*siemens")[0] == amp.dim
    with pytest.raises(ValueError, match="Here: 'mV' is a scaled unit; write 'volt'"):
        declared_unit("Here", "mV")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("e", r"is a constant of Brian2 \(2\.718\); call the constant 'e_constant'"),
        ("pi", "is a constant of Brian2"),
        ("inf", "is a constant of Brian2"),
        ("tanh", "is a function of Brian2"),
        ("mV", "is a unit"),
        ("t", "is time in Brian2's equations"),
        ("xi_1", "is white noise"),
        ("lambda", "is a word of Python"),
        ("double", "is a word of C"),
        ("_x", "is a name with a leading underscore"),
        ("ｅ", "is no name of a constant; use up to 60 ASCII letters"),
    ],
)
def test_constants_have_names_of_their_own(name: str, reason: str) -> None:
    part = Compartment("soma", "x = u*2 : 1\nu : 1")
    with pytest.raises(ValueError, match=f"'cell': '{name}' {reason}"):
        Neuron("cell", (part,), {name: 3.0})
    with pytest.raises(ValueError, match=f"rule 'mine': '{name}' {reason}"):
        PlasticityRule("mine", "dw/dt = learning*u_pre : 1", {name: 3.0})


def test_constants_of_a_rule_are_no_variables() -> None:
    with pytest.raises(ValueError, match="'learning' is a variable, not a constant"):
        PlasticityRule("mine", "dw/dt = learning*u_pre : 1", {"learning": 3.0})


def test_names_that_are_put_into_equations_are_names() -> None:
    with pytest.raises(ValueError, match=r"Plasticity rule 'W': .* is no name of a variable"):
        forward_rule(0.1, factors={"u_pre": hostile.RUN})
    with pytest.raises(ValueError, match=r"Neuron: .* is no name of a neuron"):
        Neuron(hostile.RUN, ())


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("tanh(u)", "must be a number's expression in z alone"),
        ("z > 0", "must be a number's expression in z alone"),
        ("z +", "this is no expression: invalid syntax"),
        (None, "expected a text, got NoneType"),
    ],
)
def test_activations_are_checked_when_they_are_made(function: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"Activation 'mine', function: .*{reason}"):
        Activation("mine", function, "1")


LEAK = Compartment("soma", "du/dt = -u/tau : 1")


@pytest.mark.parametrize(
    ("describe", "message"),
    [
        (lambda: Compartment(None, "u : 1"), "Compartment: name must be a str, got NoneType"),
        (lambda: Neuron("cell", None), "Neuron 'cell': compartments must be a sequence of"),
        (lambda: Neuron("cell", LEAK), "Neuron 'cell': compartments must be a sequence of"),
        (lambda: Neuron("cell", ("u : 1",)), "each compartment must be a Compartment, got str"),
        (lambda: Neuron("cell", (LEAK,), None), "'cell': parameters must be a Mapping, got None"),
        (lambda: PlasticityRule(None, "dw/dt = learning : 1"), "rule: name must be a str, got"),
        (lambda: PlasticityRule("mine", "dw/dt = learning : 1", [1]), "parameters must be a Mappi"),
        (lambda: delay_line("u", "late", "tau"), "Delay line: taus must be a sequence of names"),
        (lambda: save_traces(None, "traces.nc"), "save_traces: dataset must be a Dataset, got Non"),
    ],
)
def test_what_is_no_part_of_a_description_is_named(describe, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        describe()


def test_a_trace_names_its_time_constants() -> None:
    cell = Neuron("cell", (LEAK,), {"tau": 10 * ms})
    with pytest.raises(ValueError, match=r"Trace 'late': Unknown time constant 'tua'.*mean 'tau'"):
        with_trace(cell, "u", "late", ["tua"], {"tau": 10 * ms})


def test_operators_of_other_languages_are_mended() -> None:
    with pytest.raises(
        ValueError, match=r"Compartment 'soma', equation of 'x': '&' .* write 'and'"
    ):
        Compartment("soma", "x = u & drive : 1\nu : 1\ndrive : 1")
