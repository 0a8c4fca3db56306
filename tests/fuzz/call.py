"""What is called: a callable, and what each of its arguments may be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fuzz import kinds as k


@dataclass(frozen=True)
class Call:
    """A callable and its arguments' kinds.

    Parameters
    ----------
    function : callable
        What is called.
    needed, optional : dict of str to Kind
        Its arguments; a needed one is always given.
    simulates : bool
        Whether it takes long when all arguments fit.
    """

    function: Callable[..., Any]
    needed: dict[str, k.Kind] = field(default_factory=dict)
    optional: dict[str, k.Kind] = field(default_factory=dict)
    simulates: bool = False
