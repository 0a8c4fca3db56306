"""Frozen description of a network: populations, the pathways between them, their weights."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple, Self

from compartments.checks import check_kind, check_sequence
from compartments.domains import check_value
from compartments.lookup import look_up, unknown_name
from compartments.neuron import Neuron
from compartments.plasticity import LEARNING
from models.events import check_events
from models.locality import complaints
from models.pathway import Pathway
from models.population import Population
from models.readable import check_plain, check_readable
from models.representation import tables
from models.weights import WeightBundle, check_bundle


class Step(NamedTuple):
    """Something that is computed once a time step, before any state moves."""

    kind: str  # "sum" over a pathway's synapses, or "store" an expression of a population
    owner: str  # the pathway or the population
    variable: str  # what is computed


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Populations, pathways and initial weights; all checked against each other.

    Parameters
    ----------
    populations : tuple of Population
        From below to above, where there is such an order.
    pathways : tuple of Pathway
        Between them.
    weights : WeightBundle
        Initial weights, an array (n_above, n_below) for each pathway.
    readout : tuple of str, optional
        The population and its variable that answer, such as ``("output", "u")``.

    Raises
    ------
    ValueError
        For names that do not exist, variables that nothing drives, rules that read what their
        neurons do not have, weights that do not fit, expressions that depend on themselves.
    TypeError
        For weights that are no :class:`WeightBundle`.
    """

    populations: tuple[Population, ...]
    pathways: tuple[Pathway, ...]
    weights: WeightBundle
    readout: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        check_bundle("Network", self.weights)
        for name, wanted in (("populations", Population), ("pathways", Pathway)):
            given = check_sequence("Network", name, getattr(self, name), wanted.__name__)
            for item in given:
                check_kind("Network", name, item, wanted, f"{wanted.__name__}(...)")
            object.__setattr__(self, name, tuple(given))
        for kind, items in (("population", self.populations), ("pathway", self.pathways)):
            names = [item.name for item in items]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"Network: the {kind} name {min(twice)!r} is used twice.")
        shared = {p.name for p in self.populations} & {p.name for p in self.pathways}
        if shared:
            raise ValueError(
                f"Network: {min(shared)!r} names a population and a pathway; rename one of them."
            )
        for pathway in self.pathways:
            self._check_pathway(pathway)
        self._check_driven()
        self.check_weights(self.weights)
        self._check_readout()
        _ = self.steps

    def __repr__(self) -> str:
        populations = ", ".join(f"{p.name} ({p.size})" for p in self.populations)
        pathways = ", ".join(f"{p.name}: {p.pre} -> {p.post}" for p in self.pathways)
        return f"{type(self).__name__} of {populations}; {pathways or 'no pathways'}"

    def _repr_html_(self) -> str:
        return tables(self.populations, self.pathways, self.weight_shapes)

    def population(self, name: str) -> Population:
        """The population of that name."""
        return look_up("population", name, {item.name: item for item in self.populations})

    @property
    def reference(self) -> str:
        """Its reference at rest, by name (``rate_bridge.references.registry``)."""
        return "numerical"

    @property
    def relaxing(self) -> tuple[str, ...]:
        """Names of the populations that have states, in their order."""
        return tuple(p.name for p in self.populations if p.neuron.states)

    def pathways_to(self, population: str, variable: str | None = None) -> tuple[Pathway, ...]:
        """The pathways that end at a population (or at one variable of it)."""
        return tuple(
            p
            for p in self.pathways
            if p.post == population and (variable is None or p.target == variable)
        )

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, int]]:
        """The shape (n_above, n_below) of every pathway's weights."""
        shapes = {}
        for pathway in self.pathways:
            pre, post = self.population(pathway.pre).size, self.population(pathway.post).size
            shapes[pathway.name] = (post, pre) if pathway.upward else (pre, post)
        return shapes

    def check_weights(self, weights: WeightBundle) -> None:
        """Refuse weights of other shapes, where there is no synapse, or beyond bounds.

        Raises
        ------
        ValueError
            With the pathway, and how to mend it.
        """
        weights.check_fits(self.weight_shapes, "Network")
        for pathway in self.pathways:
            values, where = weights[pathway.name], f"Weights {pathway.name!r}"
            if pathway.mask is not None and pathway.mask.shape != values.shape:
                raise ValueError(
                    f"{where}: the pathway's mask has shape {pathway.mask.shape}, expected "
                    f"{values.shape}."
                )
            if pathway.mask is not None and values[~pathway.mask].any():
                raise ValueError(
                    f"{where}: must be 0 where the pathway's mask has no synapse; multiply them by "
                    "the mask."
                )
            least, largest = pathway.bounds
            present = values if pathway.mask is None else values[pathway.mask]
            if (least is not None and present.min() < least) or (
                largest is not None and present.max() > largest
            ):
                raise ValueError(
                    f"{where}: {present.min():g} to {present.max():g} is not within the pathway's "
                    f"bounds {pathway.bounds}."
                )

    @property
    def is_plastic(self) -> bool:
        """Whether any pathway has a rule."""
        return any(pathway.rule is not None for pathway in self.pathways)

    def with_weights(self, weights: WeightBundle) -> Self:
        """The same network with other initial weights."""
        return dataclasses.replace(self, weights=weights)

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of all signals that a schedule may give."""
        found = [item.signal for p in self.populations for item in p.given.values()]
        found += [name for p in self.pathways if p.rule is not None for name in p.rule.signals]
        return tuple(dict.fromkeys(found))

    @property
    def declared_nonlocal(self) -> dict[str, tuple[str, ...]]:
        """By pathway, what its rule reads although it is not known at the synapse."""
        return {p.name: p.beyond for p in self.pathways if p.beyond}

    @property
    def global_signals(self) -> tuple[str, ...]:
        """The signals that reach all synapses of some pathway: ``learning``, and declared ones."""
        rules = [p.rule for p in self.pathways if p.rule is not None]
        read = [LEARNING] if any(LEARNING in rule.identifiers for rule in rules) else []
        return tuple(dict.fromkeys([*read, *(name for rule in rules for name in rule.signals)]))

    @property
    def transmitted(self) -> dict[str, tuple[str, ...]]:
        """By population, the different variables that it sends; a real axon has one."""
        sent = {
            p.name: [q.sends for q in self.pathways if q.pre == p.name] for p in self.populations
        }
        return {name: tuple(dict.fromkeys(variables)) for name, variables in sent.items()}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All sums and stored expressions, each after what it is computed from.

        Only what is not a state is in this order: states enter with their value at the beginning
        of the time step, so every engine that follows the order computes the same.
        """
        graph: dict[Step, set[Step]] = {}
        for pathway in self.pathways:
            if pathway.sends_events:
                continue
            own = Step("sum", pathway.name, pathway.target)
            delayed = float(pathway.delay) > 0  # then it is known before the step
            graph[own] = set() if delayed else self._sources(pathway.pre, pathway.sends)
        for population in self.populations:
            for name in population.neuron.stored:
                own = Step("store", population.name, name)
                needs = population.neuron.equations[name].identifiers
                graph[own] = set().union(*(self._sources(population.name, n) for n in needs))
        try:
            order = TopologicalSorter(graph)
            order.prepare()
            ranked: list[Step] = []
            while order.is_active():
                ready = sorted(order.get_ready())
                ranked += ready
                order.done(*ready)
        except CycleError as error:
            names = " <- ".join(f"{step.owner}.{step.variable}" for step in error.args[1])
            raise ValueError(
                f"Network: {names} depend on each other within one time step; "
                "put a differential equation or a delay into the loop."
            ) from None
        return tuple(ranked)

    def _sources(self, population: str, variable: str) -> set[Step]:
        """The steps that a variable's value depends on within a time step."""
        neuron = self.population(population).neuron
        if variable in neuron.stored:
            return {Step("store", population, variable)}
        if variable in neuron.inputs:
            arriving = self.pathways_to(population, variable)
            return {Step("sum", pathway.name, variable) for pathway in arriving}
        if variable in neuron.expressions:
            needs = neuron.equations[variable].identifiers
            return set().union(*(self._sources(population, name) for name in needs))
        return set()

    def _check_readout(self) -> None:
        if self.readout is None:
            return
        check_value("Network", "readout", self.readout, tuple[str, str])
        name, variable = self.readout
        check_readable("Network, readout", name, self.population(name).neuron, [variable])

    def _check_pathway(self, pathway: Pathway) -> None:
        where = f"Pathway {pathway.name!r}"
        pre, post = self.population(pathway.pre).neuron, self.population(pathway.post).neuron
        check_events(pathway, pre, post)
        if not pathway.sends_events:
            self._check_sum(where, pathway, pre, post)
        reads = [n.removesuffix("_post") for n in pathway.effect_reads if n.endswith("_post")]
        check_readable(f"{where}, on_pre", pathway.post, post, reads)
        if pathway.rule is not None:
            for name, neuron, read in (
                (pathway.pre, pre, pathway.rule.reads_pre),
                (pathway.post, post, pathway.rule.reads_post),
            ):
                check_readable(f"{where}, rule", name, neuron, read)
                check_plain(f"{where}, rule", name, neuron, read)
        for complaint in complaints(pathway, post):
            raise ValueError(complaint)

    def _check_sum(self, where: str, pathway: Pathway, pre: Neuron, post: Neuron) -> None:
        """Refuse a sum that nothing takes, or that is in another unit."""
        if pathway.target not in post.inputs:
            reason = unknown_name(f"input of {pathway.post!r}", pathway.target, post.inputs)
            raise ValueError(f"{where}: {reason}")
        check_readable(where, pathway.pre, pre, [pathway.sends])
        sent, arrives = pre.measured_in(pathway.sends), post.measured_in(pathway.target)
        if sent != arrives:
            raise ValueError(
                f"{where}: {pathway.sends!r} of {pathway.pre!r} is in {sent}, "
                f"{pathway.target!r} of {pathway.post!r} in {arrives}; weights are plain numbers, "
                "so both must have one unit: scale one by a constant in an equation of its neuron."
            )

    def _check_driven(self) -> None:
        for population in self.populations:
            for variable in population.neuron.inputs:
                arriving = self.pathways_to(population.name, variable)
                if variable in population.given and arriving:
                    raise ValueError(
                        f"Network: {variable!r} of population {population.name!r} is driven by the "
                        f"signal {population.given[variable].signal!r} and by pathway "
                        f"{arriving[0].name!r}; give each a variable of its own."
                    )
                if variable not in population.given and not arriving:
                    raise ValueError(
                        f"Network: nothing drives {variable!r} of population {population.name!r}; "
                        "add a pathway to it, give it an equation, or name the signal that drives "
                        f"it: Population(..., signals={{{variable!r}: {variable!r}}})."
                    )
