"""Which data sets there are: one line each."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from compartments.checks import check_kind
from compartments.lookup import look_up, unknown_name
from rate_bridge.data.characters import text_file, tinyshakespeare
from rate_bridge.data.cifar import cifar10
from rate_bridge.data.dataset import Dataset
from rate_bridge.data.digits import digits
from rate_bridge.data.downloads import Source
from rate_bridge.data.idx import fashion_mnist, mnist
from rate_bridge.data.sentences import mr, subj
from rate_bridge.data.series import (
    electricity,
    etth1,
    exchange_rate,
    metr_la,
    pems_bay,
    series_file,
)
from rate_bridge.data.svhn import svhn
from rate_bridge.data.yin_yang import yin_yang

DATASETS: dict[str, Callable[..., Dataset]] = {
    "digits": digits,
    "yin-yang": yin_yang,
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "svhn": svhn,
    "cifar10": cifar10,
    "tinyshakespeare": tinyshakespeare,
    "text": text_file,
    "etth1": etth1,
    "exchange-rate": exchange_rate,
    "electricity": electricity,
    "metr-la": metr_la,
    "pems-bay": pems_bay,
    "series": series_file,
    "mr": mr,
    "subj": subj,
}


def load(name: str, source: Source, **options: Any) -> Dataset:
    """The data set ``name`` as tensors.

    Parameters
    ----------
    name : str
        One of :data:`DATASETS`.
    source : Source
        Where its files are, whether they may be fetched, which unknown ones are allowed.
    **options
        The loader's own: ``window`` for sequences, ``n_validation`` for images, ...

    Raises
    ------
    ValueError, FileNotFoundError
        For an unknown name or option, an unknown or damaged file, a missing file.
    """
    taken = options_of(name)
    check_kind("load", "source", source, Source, "Source(folder)")
    for option in options:
        if option not in taken:
            raise unknown_name(f"option of data set {name!r}:", option, taken)
    for option, needed in taken.items():
        if needed and option not in options:
            raise ValueError(f"Data set {name!r} needs the option {option!r}.")
    return DATASETS[name](source, **options)


def options_of(name: str) -> dict[str, bool]:
    """The options that a data set takes, and whether it needs them.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    taken = signature(look_up("data set", name, DATASETS)).parameters
    return {
        key: value.default is Parameter.empty for key, value in taken.items() if key != "source"
    }
