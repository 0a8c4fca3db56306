"""What an entry of the registry of neurons says: how to build it, and what goes with it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from compartments.neuron import Neuron
from compartments.neurons.sources import input_neuron


@dataclass(frozen=True)
class NeuronKind:
    """A kind of neuron.

    Parameters
    ----------
    summary : str
        In a line.
    build : callable
        ``build(name, f, **constants and options)`` gives a :class:`Neuron` with its ports.
    top : str
        The kind that stands above these in the output layer; none if there is no such network.
    linear_apical : bool
        Whether its error at rest is what arrives at the apical dendrite, so that layers of it rest
        at Algorithm 1.
    only_f : str
        The one f that it can have, where there is but one.
    below : callable
        What builds the input units below them.
    """

    summary: str
    build: Callable[..., Neuron]
    top: str = ""
    linear_apical: bool = True
    only_f: str = ""
    below: Callable[..., Neuron] = input_neuron

    @property
    def arguments(self) -> Mapping[str, inspect.Parameter]:
        """What ``build`` takes by keyword: constants, and options such as ``matched_soma``."""
        return _keywords(self.build)

    @property
    def needs(self) -> tuple[str, ...]:
        """Those of the arguments that have no value of their own."""
        found = self.arguments.items()
        return tuple(n for n, p in found if p.default is inspect.Parameter.empty)

    def built(self, name: str, f: object, values: Mapping[str, object]) -> Neuron:
        """A neuron of this kind; of the values those that it takes."""
        taken = {n: value for n, value in values.items() if n in self.arguments}
        return self.build(name, f, **taken)

    def input_built(self, values: Mapping[str, object]) -> Neuron:
        """An input unit below neurons of this kind; of the values those that it takes."""
        taken = _keywords(self.below)
        return self.below(**{n: value for n, value in values.items() if n in taken})


def _keywords(build: Callable[..., Neuron]) -> Mapping[str, inspect.Parameter]:
    parameters = inspect.signature(build).parameters
    return {n: p for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
