"""What one time step consists of, compiled."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rate_bridge.ode_engine.block import Block

Action = Callable[[], object]


@dataclass
class Program:
    """The calls of a time step while the learning signal has one value.

    ``enter`` runs when this program takes over and after every switch of stimulus, ``step`` is
    what is computed once a time step, ``move`` takes weights and states to the next, ``leave``
    runs before another program takes over and before weights are read.
    """

    enter: list[Action] = field(default_factory=list)
    step: list[Action] = field(default_factory=list)
    move: list[Action] = field(default_factory=list)
    leave: list[Action] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)
