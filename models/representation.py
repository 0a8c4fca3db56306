"""How networks, schedules and results show themselves: a line of text, tables for notebooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import xarray as xr
from brian2.units.fundamentalunits import get_unit_for_display

from compartments.representation import equation_text, html_table

if TYPE_CHECKING:
    from models.network import Network
    from models.pathway import Pathway
    from models.population import Population
    from models.run import Run
    from models.schedule import Schedule
    from models.signals import Signal
    from models.state import State
    from models.weights import WeightBundle


def network_text(network: "Network") -> str:
    """A network in a line: its populations with their sizes, and where its pathways lead."""
    populations = ", ".join(f"{p.name} ({p.size})" for p in network.populations)
    pathways = ", ".join(f"{p.name}: {p.pre} -> {p.post}" for p in network.pathways)
    return f"{type(network).__name__} of {populations}; {pathways or 'no pathways'}"


def network_html(network: "Network") -> str:
    """A network as tables: populations, equations of each kind of neuron, pathways, rules."""
    kinds = {p.neuron.name: p.neuron for p in network.populations}
    populations = html_table(
        "Populations",
        ("population", "neurons", "kind"),
        [(p.name, p.size, p.neuron.name) for p in network.populations],
    )
    pathways = html_table(
        "Pathways",
        ("pathway", "from", "to", "weights", "rule"),
        [_pathway_row(network, pathway) for pathway in network.pathways],
    )
    rules = {p.rule.name: p.rule for p in network.pathways if p.rule is not None}
    lines = [
        (name, equation_text(line)) for name, r in rules.items() for line in r.equations.values()
    ]
    lines += [
        (name, f"{key} = {value}")
        for name, r in rules.items()
        for key, value in r.parameters.items()
    ]
    learning = html_table("Plasticity rules", ("rule", "equation"), lines)
    neurons = [kind._repr_html_() for kind in kinds.values()]
    return "".join([populations, *neurons, pathways, learning if lines else ""])


def _pathway_row(network: "Network", pathway: "Pathway") -> tuple[object, ...]:
    above, below = network.weight_shapes[pathway.name]
    rule = "fixed" if pathway.rule is None else pathway.rule.name
    source, end = f"{pathway.pre}.{pathway.sends}", f"{pathway.post}.{pathway.target}"
    return pathway.name, source, end, f"{above} x {below}", rule


def population_text(population: "Population") -> str:
    """A population in a line: how many neurons, of which kind, and the signals that it names."""
    named = ", ".join(f"{variable} <- {signal}" for variable, signal in population.signals.items())
    text = f"Population {population.name!r}: {population.size} of {population.neuron.name!r}"
    return text + (f"; {named}" if named else "")


def population_html(population: "Population") -> str:
    """A population as tables: what drives its inputs, and its neuron."""
    rows: list[Sequence[object]] = [
        (variable, item.name) for variable, item in population.given.items()
    ]
    caption = f"Population {population.name!r}: {population.size} neurons"
    inputs = html_table(caption, ("input", "signal"), rows)
    return inputs + population.neuron._repr_html_()


def pathway_text(pathway: "Pathway") -> str:
    """A pathway in a line: from where to where, its rule, and what is special about it."""
    parts = [f"{name} {value}".strip() for name, value in _wiring(pathway)]
    route = f"{pathway.pre}.{pathway.sends} -> {pathway.post}.{pathway.target}"
    return f"Pathway {pathway.name!r}: {route}; {', '.join(parts)}"


def pathway_html(pathway: "Pathway") -> str:
    """A pathway as a table, and the equations of its rule."""
    rows: list[Sequence[object]] = [
        ("from", f"{pathway.pre}.{pathway.sends}"),
        ("to", f"{pathway.post}.{pathway.target}"),
        *((name or "weights", value) for name, value in _wiring(pathway)),
    ]
    if pathway.rule is not None:
        rows += [("equation", equation_text(line)) for line in pathway.rule.equations.values()]
        rows += [("constant", f"{key} = {v}") for key, v in pathway.rule.parameters.items()]
    return html_table(f"Pathway {pathway.name!r}", ("", ""), rows)


def _wiring(pathway: "Pathway") -> list[tuple[str, str]]:
    """Its rule, and everything that is not as in a plain pathway: (name, value)."""
    found = [("", "fixed") if pathway.rule is None else ("rule", repr(pathway.rule.name))]
    if not pathway.upward:
        found.append(("", "downward"))
    if pathway.mask is not None:
        found.append(("synapses", f"{int(pathway.mask.sum())} of {pathway.mask.size}"))
    if pathway.is_bounded:
        found.append(("bounds", str(pathway.bounds)))
    if float(pathway.delay):
        found.append(("delay", str(pathway.delay)))
    if pathway.beyond:
        found.append(("read beyond the synapse", ", ".join(pathway.beyond)))
    return found


def signal_text(signal: "Signal") -> str:
    """A signal in a line: its values' shape, or how many waveforms it has."""
    return f"Signal {signal.name!r}: {_given(signal)}"


def schedule_text(schedule: "Schedule") -> str:
    """A schedule in a line: how many presentations, how long, of which signals."""
    signals = ", ".join(f"{name} {_given(signal)}" for name, signal in schedule.signals.items())
    count = f"{len(schedule)} presentation" + "s" * (len(schedule) != 1)
    return f"Schedule of {count}, {schedule.duration}: {signals or 'no signals'}"


def schedule_html(schedule: "Schedule") -> str:
    """A schedule as tables: its times, and its signals."""
    names = ("presentation", "lag", "blank", "duration")
    times = [(name, " ".join(str(getattr(schedule, name)).split())) for name in names]
    signals = [
        (name, _given(signal), get_unit_for_display(signal.dim), int(schedule.on(name).sum()))
        for name, signal in schedule.signals.items()
    ]
    header = ("signal", "values", "unit", "presentations on")
    caption = f"Schedule of {len(schedule)} presentations"
    return html_table(caption, ("time", ""), times) + html_table("Signals", header, signals)


def _given(signal: "Signal") -> str:
    if signal.values is not None:
        return str(signal.values.shape)
    return "(function)" if signal.count is None else f"({signal.count} waveforms)"


def weights_html(weights: "WeightBundle") -> str:
    """Weights as a table: shapes and ranges."""
    rows = [
        (name, f"{a.shape[0]} x {a.shape[1]}", *(f"{v:.3g}" for v in (a.min(), a.mean(), a.max())))
        for name, a in weights.items()
    ]
    header = ("name", "above x below", "least", "mean", "largest")
    return html_table(f"Weights {weights.hash[:12]}", header, rows)


def run_text(run: "Run") -> str:
    """A run in a line: what was recorded, the weights, how long it took."""
    kept = run.weight_history.sizes.get("time", 0)
    parts = [_recorded(run.traces), repr(run.weights)]
    parts += [f"weights at {kept} times"] if kept else []
    return f"Run in {sum(run.seconds.values()):.3g} s: {'; '.join(parts)}"


def run_html(run: "Run") -> str:
    """A run as tables: traces, weights, seconds."""
    rows = [
        (name, " x ".join(map(str, trace.shape)), trace.attrs.get("units", "1"))
        for name, trace in run.traces.data_vars.items()
    ]
    seconds = [(name, f"{value:.3g}") for name, value in run.seconds.items()]
    traces = html_table("Traces", ("trace", " x ".join(_axes(run.traces)), "unit"), rows)
    return traces + weights_html(run.weights) + html_table("Seconds", ("to", "s"), seconds)


def _recorded(traces: xr.Dataset) -> str:
    names = [str(name) for name in traces.data_vars]
    samples = traces.sizes.get("time", 0)
    return f"{', '.join(names)} at {samples} times" if names else "nothing recorded"


def _axes(traces: xr.Dataset) -> list[str]:
    """The axes of a recording's traces."""
    return [str(n) for n in traces.sizes if not str(n).startswith("unit_")] + ["unit"]


def state_text(state: "State") -> str:
    """A state in a line: the names of all that it holds."""
    parts = []
    for kind in ("neurons", "synapses", "sent"):
        names = [f"{owner}.{name}" for owner, name in getattr(state, kind)]
        parts += [f"{kind} {', '.join(names)}"] if names else []
    return f"State of {'; '.join(parts) or 'nothing'}"
