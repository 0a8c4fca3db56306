"""JSON to dataclasses: nothing is bent to fit, nothing is left over."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import cattrs
from cattrs.gen import make_dict_structure_fn
from cattrs.strategies import configure_union_passthrough

from compartments.domains import shown
from experiments.lab.storage import is_path


def read_back(kind: type, fields: Mapping[str, Any], where: str) -> Any:
    """The dataclass that was written as these JSON values, checked as one that is new.

    Parameters
    ----------
    kind : type
        The dataclass: an experiment's ``Config``, or a record.
    fields : mapping
        From a field's name to its value.
    where : str
        What the error begins with.

    Raises
    ------
    ValueError
        For a field that it does not have, one that is missing, or a value of another type; says
        which.
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
            raise ValueError(f"expected {kind.__name__}, got {shown(value)}")
        return value

    return structured


def _number(value: object, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {shown(value)}")
    return value  # a whole number stays one: JSON and Python write it alike


def _path(value: object, _: type) -> Path:
    if not isinstance(value, str) or not is_path(value):
        raise ValueError(f"expected the path of a file or folder, got {shown(value)}")
    return Path(value)


def _tuple(value: object, wanted: Any) -> tuple:
    if not isinstance(value, list):
        raise ValueError(f"expected a list in square brackets, got {shown(value)}")
    kinds = get_args(wanted)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        raise ValueError(f"expected a list of {len(kinds)}, got {shown(value)}")
    return tuple(_CONVERTER.structure(*pair) for pair in zip(value, kinds, strict=True))


def _fields(kind: type, converter: cattrs.Converter) -> Any:
    structure: Any = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)

    def structured(value: object, _: type) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected names and values in braces, got {shown(value)}")
        return structure(value, kind)

    return structured


def _converter() -> cattrs.Converter:
    """JSON to dataclasses; nothing is bent to fit: the text "3" is no number."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Path, _path)
    converter.register_structure_hook_func(lambda kind: get_origin(kind) is tuple, _tuple)
    converter.register_structure_hook_factory(
        dataclasses.is_dataclass, lambda kind: _fields(kind, converter)
    )
    configure_union_passthrough(bool | int | float | str | None, converter)
    return converter


_CONVERTER = _converter()
