"""What jaxtyping's import hook checks arguments and returned values with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from beartype import BeartypeConf, beartype
from jaxtyping import AbstractArray

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("compartments", "models", "rate_bridge", "experiments")


def annotated_modules() -> list[str]:
    """The modules with shapes in their annotations; the hook makes every call slower."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in paths
        if "from jaxtyping import" in path.read_text(encoding="utf-8")
    ]


def arrays_only(function: Callable) -> Callable:
    """Beartype for the shapes and types of arrays; everything else the package checks itself."""
    hints = function.__annotations__
    function.__annotations__ = {n: h if _has_array(h) else Any for n, h in hints.items()}
    return beartype(conf=BeartypeConf(is_pep484_tower=True))(function)  # an int is a float, too


def _has_array(hint: Any) -> bool:
    is_array = isinstance(hint, type) and issubclass(hint, AbstractArray)
    return is_array or any(_has_array(part) for part in get_args(hint))
