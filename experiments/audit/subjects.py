"""What is audited: a network that is described, or a rule (or any module) that learns in torch."""

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from compartments.lookup import unknown_name
from experiments.lab.models import chosen, loaded_file, of_user, parsed_options
from models import Network
from rate_bridge.audit.program import Learner
from rate_bridge.layers.convert import convert
from rate_bridge.networks.dense import mlp
from rate_bridge.rules import RULE_NAMES, Rule

NETWORK_SIZES = (3, 4, 5, 2)
"""Small, so that every derivative can be taken, and of different widths."""


@dataclass(frozen=True)
class Audited:
    """A network or a learner, by a name that finds it again in another process.

    Parameters
    ----------
    kind : {"model", "rule"}
        Whether it is a described network or learns in torch.
    name : str
        A name of its registry, or ``path/to/file.py:function``.
    options : tuple of str
        Of a model, as ``name=value``.
    """

    kind: str
    name: str
    options: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For pages and messages."""
        return " ".join((self.name, *self.options))

    @property
    def command(self) -> str:
        """What repeats its audit."""
        options = f" --options {' '.join(self.options)}" if self.options else ""
        return f"tuft audit --{self.kind} {self.name}{options}"

    def network(self, sizes: Sequence[int] = NETWORK_SIZES, seed: int = 0) -> Network:
        """The network that a model describes."""
        return chosen(self.name).network(sizes, seed, parsed_options(self.options))

    @property
    def learner(self) -> Learner:
        """How a rule's module is made."""
        return learner(self.name)

    @property
    def digest(self) -> str:
        """Of the file that it comes from; empty for a registry's."""
        path = Path(self.name.rpartition(":")[0])
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.suffix == ".py" else ""


def learner(name: str) -> Learner:
    """From sizes and a seed to a module that learns by the rule of that name.

    A file's function returns a :class:`rate_bridge.rules.Rule`, which is given to a multilayer
    perceptron, or, where it has parameters ``sizes`` and ``seed``, a torch module.

    Raises
    ------
    ValueError
        For an unknown name, a file that is not there or without that function, one that fails or
        returns something else.
    """
    if name in RULE_NAMES:
        return of_rule(name)
    path, colon, function = name.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise ValueError(
            f"{unknown_name('rule', name, RULE_NAMES)} Or give path/to/file.py:function."
        )
    if not Path(path).is_file():
        raise FileNotFoundError(f"--rule {name}: there is no file {path}.")
    build = getattr(loaded_file(name, Path(path)), function, None)
    if not callable(build):
        raise ValueError(f"--rule {name}: there is no function {function!r} in {path}.")
    takes = set(inspect.signature(build).parameters)

    def module(sizes: tuple[int, ...], seed: int) -> nn.Module:
        given = {k: v for k, v in {"sizes": sizes, "seed": seed}.items() if k in takes}
        found: Any = of_user(name, f"{function}()", lambda: build(**given))
        if isinstance(found, Rule):
            return of_rule(found)(sizes, seed)
        if not isinstance(found, nn.Module):
            raise ValueError(
                f"--rule {name}: the function must return a rate_bridge.rules.Rule or a "
                f"torch.nn.Module, got {type(found).__name__}."
            )
        return found

    return module


def of_rule(rule: str | Rule) -> Learner:
    """Multilayer perceptrons of tanh units, linear at the end, that learn by a rule."""

    def module(sizes: tuple[int, ...], seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return convert(mlp(sizes), rule, seed=seed)

    return module
