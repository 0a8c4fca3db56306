"""``tuft run``: any experiment again, from the configuration that it wrote beside its numbers."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cattrs
import tyro
from cattrs.strategies import configure_union_passthrough

from compartments.lookup import look_up
from experiments.lab.runner import call
from experiments.lab.storage import parsed
from experiments.registry import EXPERIMENTS


@dataclass(frozen=True)
class Config:
    """Repeat a run from its config.json; the earlier result stays, the new one is numbered."""

    file: tyro.conf.Positional[Path]
    """The configuration, such as runs/traces/config.json."""
    out: Path | None = None
    """Folder for results, instead of the configuration's own."""


def main(config: Config) -> None:
    """Read the configuration back, and run its experiment."""
    if not config.file.is_file():
        raise FileNotFoundError(f"There is no file {config.file}.")
    saved = parsed(config.file, config.file.read_bytes())  # edited as people like
    name = saved.get("experiment")
    if not isinstance(name, str):
        raise ValueError(
            f'{config.file} is no configuration of an experiment: it has no "experiment": name.'
        )
    module = importlib.import_module(look_up("experiment", name, EXPERIMENTS).module)
    fields = {key: value for key, value in saved.items() if key != "experiment"}
    if config.out is not None:
        fields["out"] = str(config.out)
    call(module, read_back(module.Config, fields, str(config.file)))


def read_back(kind: type, fields: Mapping[str, Any], where: str) -> Any:
    """The ``Config`` that was written as these JSON values, checked as one that is new.

    Raises
    ------
    ValueError
        For a field that the experiment does not have, or a value of another type; says which.
    """
    try:
        return _CONVERTER.structure(dict(fields), kind)
    except cattrs.BaseValidationError as error:
        causes = cattrs.transform_error(error, path=kind.__name__, format_exception=_said)
        raise ValueError(f"{where}: {'; '.join(causes)}") from error


def _said(error: BaseException, kind: type | None) -> str:
    """What is wrong with one value."""
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown: {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return f"required field {error} is missing"
    return " ".join(str(error).split())


def _exactly(kind: type) -> Any:
    def structured(value: object, _: type) -> Any:
        if type(value) is not kind:
            raise ValueError(f"expected {kind.__name__}, got {value!r}")
        return value

    return structured


def _number(value: object, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {value!r}")
    return value  # a whole number stays one: JSON and Python write it alike


def _converter() -> cattrs.Converter:
    """JSON to dataclasses; nothing is bent to fit: the text "3" is no number."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _number)
    configure_union_passthrough(bool | int | float | str | None, converter)
    return converter


_CONVERTER = _converter()
