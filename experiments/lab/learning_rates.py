"""The learning rates of a model: the first is varied, the others keep their share of it."""

from collections.abc import Mapping
from typing import Any

from compartments.domains import NonNegative, check_value
from compartments.lookup import unknown_name
from experiments.lab.models import ChosenModel


def shares(model: ChosenModel, given: Mapping[str, Any]) -> dict[str, float]:
    """All learning rates but the first, in parts of it; those of the defaults unless given.

    Raises
    ------
    ValueError
        For a model without a rate, a name that is none of the others, a part that is no number of
        0 or more, and where the defaults have no ratio.
    """
    model.need_rate()
    first, *others = model.rates
    for name, share in given.items():
        if name not in others:
            reason = unknown_name(f"learning rate beside {first}", name, others)
            raise ValueError(f"--shares, model {model.name}: {reason}")
        check_value("--shares", name, share, NonNegative)
    missing = [name for name in others if name not in given]
    values = rates(model, {}) if missing else {}
    if missing and values[first] == 0:
        raise ValueError(
            f"--model {model.name}: {first} is 0 unless it is given, so nothing is in parts of it; "
            f"say --shares {missing[0]}=0.1."
        )
    return {name: given[name] if name in given else values[name] / values[first] for name in others}


def rates(model: ChosenModel, given: Mapping[str, Any]) -> dict[str, float]:
    """The value of every learning rate, with these options given.

    Raises
    ------
    ValueError
        For one that has no value, or none of 0 or more.
    """
    values = {**model.defaults, **given}
    for name in model.rates:
        check_value(f"--model {model.name}, --options", name, values.get(name), NonNegative)
    return {name: values[name] for name in model.rates}


def varied(eta: float, model: ChosenModel, given: Mapping[str, Any]) -> dict[str, float]:
    """Options that set the first learning rate, and the others in parts of it."""
    of_it = {name: share * eta for name, share in shares(model, given).items()}
    return {model.rates[0]: eta, **of_it}


def check_varied(model: ChosenModel, given: Mapping[str, Any], by: str) -> None:
    """Refuse options that give a learning rate which an experiment varies itself.

    Raises
    ------
    ValueError
        With what to give instead.
    """
    model.need_rate()
    for name in model.rates:
        if name in given:
            raise ValueError(f"--options {name}: learning rates are varied here; {by}.")
