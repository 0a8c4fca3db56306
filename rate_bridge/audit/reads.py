"""What reads what: a matrix of dependences, and how far away each of them comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

SEEN_FROM = (
    "its own synapse",
    "what the axon sends",
    "the compartment where it ends",
    "a compartment coupled to that",
    "elsewhere in its two cells",
    "a global signal",
    "a clock or noise",
    "another cell or synapse",
)
"""Where something that is read is, seen from what reads it, from near to far."""

OWN, SENT, ENDS, COUPLED, IN_CELL, GLOBAL, MOMENT, FAR = range(len(SEEN_FROM))

LOCAL = (OWN, SENT, ENDS, COUPLED)
"""What a synapse may read; global signals are counted beside it."""


class Scalars(NamedTuple):
    """So many scalars of one kind: a variable of a population, a state of a pathway's synapses.

    ``kind`` is "cell", "synapse", "signal" or "moment".
    """

    kind: str
    owner: str
    variable: str
    shape: tuple[int, ...]

    @property
    def label(self) -> str:
        """For a reader."""
        return f"{self.owner}.{self.variable}" if self.owner else self.variable

    @property
    def size(self) -> int:
        """How many scalars."""
        return int(np.prod(self.shape, dtype=int))


class Read(NamedTuple):
    """That a block of rows reads a block of columns, from a place."""

    row: Scalars
    column: Scalars
    place: int
    scalars: int  # the most that one row reads of it there

    @property
    def arrow(self) -> tuple[str, str]:
        """From what is read to what reads."""
        return self.column.label, self.row.label


@dataclass(frozen=True, eq=False)
class Reads:
    """A matrix of dependences.

    Parameters
    ----------
    rows, columns : tuple of Scalars
        What changes, and what it may depend on.
    nonzero : array of bool, (row, column)
        Whether it does.
    place : array of int, (row, column)
        Where the column is, seen from the row, as a number in :data:`SEEN_FROM`.
    size : array, (row, column)
        How strongly; the largest of all states that were tried.
    copies : int
        Samples at once: each cell stands there so often, each synapse once.
    """

    rows: tuple[Scalars, ...]
    columns: tuple[Scalars, ...]
    nonzero: Bool[np.ndarray, "row column"]
    place: Int[np.ndarray, "row column"]
    size: Float[np.ndarray, "row column"]
    copies: int = 1

    def found(self) -> list[Read]:
        """Every pair of blocks of which one reads the other, by place."""
        pairs: list[Read] = []
        for row, up in spans(self.rows):
            for column, across in spans(self.columns):
                part, where = self.nonzero[up, across], self.place[up, across]
                for place in np.unique(where[part]):
                    scalars = int((part & (where == place)).sum(1).max())
                    pairs.append(Read(row, column, int(place), scalars))
        return pairs

    def of_synapses(self) -> list[Read]:
        """What changes of synapses read."""
        return [read for read in self.found() if read.row.kind == "synapse"]

    def beyond(self) -> list[Read]:
        """What synapses read that is neither local nor a global signal."""
        return [read for read in self.of_synapses() if read.place not in (*LOCAL, GLOBAL)]

    def scalars_per_synapse(self) -> int:
        """The most scalars that a synapse reads for one sample, without global signals."""
        counted = self.nonzero & (self.place != GLOBAL)
        own = np.array([block.kind == "synapse" for block, _ in positions(self.columns)])
        each = counted[:, own].sum(1) + -(-counted[:, ~own].sum(1) // self.copies)
        synaptic = [up for row, up in spans(self.rows) if row.kind == "synapse"]
        return max((int(each[up].max()) for up in synaptic), default=0)

    def global_signals(self) -> tuple[str, ...]:
        """Those that synapses read."""
        labels = (r.column.label for r in self.of_synapses() if r.place == GLOBAL)
        return tuple(dict.fromkeys(labels))


def spans(blocks: Iterable[Scalars]) -> list[tuple[Scalars, slice]]:
    """Every block and where it stands."""
    found, first = [], 0
    for block in blocks:
        found.append((block, slice(first, first + block.size)))
        first += block.size
    return found


def positions(blocks: Iterable[Scalars]) -> list[tuple[Scalars, tuple[int, ...]]]:
    """The block and the index in it of every scalar."""
    return [(block, index) for block in blocks for index in np.ndindex(*block.shape)]
