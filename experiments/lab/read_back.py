"""JSON to dataclasses: nothing is bent to fit, nothing is left over."""

from collections.abc import Mapping
from typing import Any

import cattrs
from cattrs.strategies import configure_union_passthrough


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
