"""So many neurons of one kind, and the signals that drive them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from compartments.checks import check_kind, check_name
from compartments.domains import Count, check_value
from compartments.neuron import Neuron
from compartments.per_neuron import check_counts
from compartments.representation import html_table
from compartments.strings import plain_name
from models.signals import InputSource, given


@dataclass(frozen=True, repr=False)
class Population:
    """``size`` neurons of one kind.

    Parameters
    ----------
    name : str
        Letters, digits and underscores, a letter first.
    size : int
        How many neurons.
    neuron : Neuron
        What each of them is.
    signals : mapping of str to str
        For input variables of the neuron, the schedule's signal that drives them; those called
        ``stimulus``, ``target`` or ``reward`` take the signal of their name unless told otherwise.

    Raises
    ------
    ValueError
        For a name of another form, a size below 1, a signal for what is no input of the neuron.
    """

    name: str
    size: int
    neuron: Neuron
    signals: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain_name("Population", self.name, "population")
        where = f"Population {self.name!r}"
        check_value(where, "size", self.size, Count)
        object.__setattr__(self, "size", int(self.size))
        check_kind(where, "neuron", self.neuron, Neuron, "Neuron(...)")
        check_kind(where, "signals", self.signals, Mapping, "{'current': 'injected'}")
        for variable, signal in self.signals.items():
            check_name(f"{where}, signals", "input", variable, self.neuron.inputs)
            plain_name(f"{where}, signals", signal, "signal")
        check_counts(where, {**self.neuron.parameters, **self.neuron.initial}, self.size)
        object.__setattr__(self, "signals", MappingProxyType(dict(self.signals)))

    def __repr__(self) -> str:
        driven = ", ".join(f"{variable} <- {name}" for variable, name in self.signals.items())
        text = f"Population {self.name!r}: {self.size} of {self.neuron.name!r}"
        return text + (f"; {driven}" if driven else "")

    def _repr_html_(self) -> str:
        rows = [(variable, item.name) for variable, item in self.given.items()]
        caption = f"Population {self.name!r}: {self.size} neurons"
        inputs = html_table(caption, ("input", "signal"), rows)
        return inputs + self.neuron._repr_html_()

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), (self.name, self.size, self.neuron, dict(self.signals))

    @cached_property
    def given(self) -> dict[str, InputSource]:
        """What drives those of the neuron's input variables that the schedule drives."""
        return given(self.neuron.inputs, self.signals)
