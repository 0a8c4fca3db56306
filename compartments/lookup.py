"""Look-up by name that answers an unknown name with the valid ones and the nearest."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from compartments.domains import shown

T = TypeVar("T")


def unknown_name(kind: str, name: object, valid: Iterable[str]) -> ValueError:
    """The error for a name that is not among the valid ones.

    Parameters
    ----------
    kind : str
        What the name should have named, for example ``"activation"``.
    name : object
        What came.
    valid : iterable of str
        The names that would have been understood.
    """
    names = sorted(valid)
    nearest = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    listed = f"Valid: {', '.join(names)}." if names else "There is none here."
    return ValueError(f"Unknown {kind} {shown(name)}.{hint} {listed}")


def look_up(kind: str, name: str, registry: Mapping[str, T]) -> T:
    """``registry[name]``, or :func:`unknown_name`'s error."""
    if not isinstance(name, str) or name not in registry:
        raise unknown_name(kind, name, registry)
    return registry[name]
