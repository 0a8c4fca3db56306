"""Which network an experiment runs: a model of the registry, or a function in a file of one's own.

``--model path/to/file.py:function`` runs that file, as ``python file.py`` would. The function
returns a :class:`models.Network`, or a pair of one and the :class:`models.Schedule` that it is
shown. It may have parameters: ``sizes`` and ``seed`` are given where it has them, any other by
``--options name=value``. Those whose names begin with ``eta`` count as its learning rates.
"""

import ast
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compartments.checks import check_name
from compartments.domains import shown
from compartments.lookup import unknown_name
from experiments.lab.quantities import quantity
from experiments.lab.runner import SeededConfig
from models import Network, Schedule
from models.registry import MODELS, model

ModelOptions = Mapping[str, Any]


@dataclass(frozen=True)
class ChosenModel:
    """A family of networks, from the registry or from a file.

    Parameters
    ----------
    name : str
        As it was asked for.
    options : tuple of str
        What of a network is free.
    rates : tuple of str
        Those of them that are learning rates.
    takes_sizes : bool
        Whether its networks can have any sizes.
    digest : str
        Of the file that it comes from; empty for the registry's.
    defaults : mapping of str to object
        The values of options that are not given, where the model says so.
    """

    name: str
    options: tuple[str, ...]
    rates: tuple[str, ...]
    takes_sizes: bool
    digest: str
    defaults: ModelOptions
    _build: Callable[[Sequence[int], int, ModelOptions], Any]

    def described(
        self, sizes: Sequence[int], seed: int, options: ModelOptions
    ) -> tuple[Network, Schedule | None]:
        """A network, and what it is to be shown if the model says so.

        Parameters
        ----------
        sizes : sequence of int
            From the input to the output; of no meaning to a model of given sizes.
        seed : int
            For initial weights.
        options : mapping of str to object
            The rest keeps its defaults.

        Raises
        ------
        ValueError
            For an option that the model does not have, a value that it refuses, or a function that
            fails or returns something else.
        """
        for name in options:
            self.need(name)
        found = self._build(sizes, seed, options)
        network, schedule = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        if not isinstance(network, Network) or not isinstance(schedule, Schedule | None):
            raise ValueError(
                f"--model {self.name}: the function must return a Network, or a Network and a "
                f"Schedule, got {shown(found)}."
            )
        return network, schedule

    def network(self, sizes: Sequence[int], seed: int, options: ModelOptions) -> Network:
        """The network alone; see :meth:`described`."""
        return self.described(sizes, seed, options)[0]

    def need(self, *names: str, why: str = "") -> None:
        """Refuse names that are no options of this model.

        Raises
        ------
        ValueError
            With those that are, and why it is needed.
        """
        for name in names:
            if name not in self.options:
                reason = unknown_name("option", name, self.options)
                raise ValueError(f"--model {self.name}: {reason}{why}")

    def need_rate(self) -> None:
        """Refuse a model without a learning rate.

        Raises
        ------
        ValueError
            With what to add.
        """
        if not self.rates:
            raise ValueError(
                f"--model {self.name}: none of its options is a learning rate; give its function a "
                "parameter such as eta."
            )


@dataclass(frozen=True)
class ModelConfig(SeededConfig):
    """Where a result goes, the seed, and which network it is about."""

    model: str = "dll"
    """A model of the registry, or path/to/file.py:function, which returns a Network."""
    options: tuple[str, ...] = ()
    """Options of the model, such as theta_rule=plus beta=0.5 tau_x=2ms leak=0.1/ms."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model:
            self.chosen.need(*self.given)

    @property
    def chosen(self) -> ChosenModel:
        """The model."""
        return chosen(self.model)

    @property
    def model_digest(self) -> str:
        """Of the file that the model comes from; empty for the registry's, and without a model."""
        return self.chosen.digest if self.model else ""

    @property
    def given(self) -> dict[str, Any]:
        """Its options, as values."""
        return parsed_options(self.options)

    def refuse_options(self, instead: Mapping[str, str]) -> None:
        """Refuse model options that the experiment sets itself, with what says them instead."""
        for name in self.given:
            if name in instead:
                raise ValueError(f"--options: {name!r} stands there twice: {instead[name]}.")


def chosen(name: str) -> ChosenModel:
    """The model of that name, or the one that a function in a file makes.

    Raises
    ------
    ValueError
        For an unknown name; for a file without that function, or one that fails.
    FileNotFoundError
        For a file that is not there.
    """
    path, colon, function = name.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_file(name, Path(path), function)
    if name.endswith(".py"):
        raise ValueError(f"--model {name}: which function of it? Write {name}:network, say.")
    entry = model(name)

    def build(sizes: Sequence[int], seed: int, options: ModelOptions) -> Network:
        return entry.build(tuple(sizes), entry.options(**options), seed)

    defaults = vars(entry.options())
    return ChosenModel(name, tuple(defaults), entry.rates, True, "", defaults, build)


def _from_file(name: str, path: Path, function: str) -> ChosenModel:
    if not path.is_file():
        known = ", ".join(MODELS)
        raise FileNotFoundError(
            f"--model {name}: there is no file {path}. Models by name are: {known}."
        )
    build = getattr(loaded_file(name, path), function, None)
    if not callable(build):
        raise ValueError(f"--model {name}: there is no function {function!r} in {path}.")
    parameters = inspect.signature(build).parameters
    free = tuple(p for p in parameters if p not in ("sizes", "seed"))

    def called(sizes: Sequence[int], seed: int, options: ModelOptions) -> Any:
        for p, q in parameters.items():
            if p in free and q.default is q.empty and p not in options:
                raise ValueError(f"--model {name}: {p!r} has no default; give --options {p}=...")
        standard = {"sizes": tuple(sizes), "seed": seed}
        own = {k: v for k, v in standard.items() if k in parameters}
        return of_user(name, f"{function}()", lambda: build(**own, **options))

    return ChosenModel(
        name,
        free,
        tuple(p for p in free if p.startswith("eta")),
        "sizes" in parameters,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        {
            p: parameters[p].default
            for p in free
            if parameters[p].default is not inspect.Parameter.empty
        },
        called,
    )


def loaded_file(name: str, path: Path) -> Any:
    """A user's file as a module; what lies beside it can be imported, as when Python runs it.

    Raises
    ------
    ValueError
        For a file that fails; names the model.
    """
    module_name = f"model_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None  # the name ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses of the file look it up
    beside = str(path.parent.resolve())
    if beside not in sys.path:
        sys.path.append(beside)
    of_user(name, str(path), lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    return module


def of_user(name: str, what: str, run: Callable[[], Any]) -> Any:
    """What a user's own code gives.

    Raises
    ------
    ValueError
        In place of any error of that code; names the model.
    """
    try:
        return run()
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split()) or "no more is known"
        raise ValueError(
            f"--model {name}: {what} cannot be run: {type(error).__name__}: {said}"
        ) from error


def parsed_options(texts: Sequence[str]) -> dict[str, Any]:
    """``["beta=0.5", "tau_x=2ms", "theta_rule=plus"]`` as values by name.

    A number, True, False, None, a tuple of those; a number with its unit, such as ``-65mV``; else
    text. Of
    ``{'tau_d': '1ms'}`` each entry is read so.

    Raises
    ------
    ValueError
        For a text without ``=``, a name that stands twice, or an unknown unit.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"--options: write name=value, such as beta=0.5, got {text!r}.")
        if name in found:
            raise ValueError(f"--options: {name!r} stands there twice.")
        found[name] = _value(f"--options {name}", value)
    return found


def _value(name: str, text: str) -> Any:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    else:
        if isinstance(found, dict):
            return {
                key: _value(f"{name}, {key!r}", v) if isinstance(v, str) else v
                for key, v in found.items()
            }
        return found
    measured = quantity(name, text)
    return text if measured is None else measured


def check_answers(what: str, network: Network, name: str) -> None:
    """Refuse a network that names no readout where an experiment needs its answers.

    Raises
    ------
    ValueError
        With what to add.
    """
    if network.readout is None:
        raise ValueError(
            f"{what}: --model {name} names no readout, so its answers cannot be judged; describe "
            "it with Network(..., readout=(population, variable))."
        )


def check_signal(what: str, network: Network, *names: str) -> None:
    """Refuse a network that does not take a signal that an experiment gives.

    Raises
    ------
    ValueError
        With the signals that it takes.
    """
    for name in names:
        check_name(what, "signal", name, network.signals)
