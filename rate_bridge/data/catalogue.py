"""Which data sets there are: one line each."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from compartments.names import look_up, unknown_name
from rate_bridge.data.characters import text_file, tinyshakespeare
from rate_bridge.data.cifar import cifar10
from rate_bridge.data.dataset import Dataset
from rate_bridge.data.digits import digits
from rate_bridge.data.files import Source
from rate_bridge.data.idx import fashion_mnist, mnist
from rate_bridge.data.sentences import mr, subj
from rate_bridge.data.series import electricity, etth1, exchange_rate, metr_la, pems_bay
from rate_bridge.data.svhn import svhn

DATASETS: dict[str, Callable[..., Dataset]] = {
    "digits": digits,
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
    loader = look_up("data set", name, DATASETS)
    taken = {key: value for key, value in signature(loader).parameters.items() if key != "source"}
    for option in options:
        if option not in taken:
            raise unknown_name(f"option of data set {name!r}:", option, taken)
    needed = [key for key, value in taken.items() if value.default is Parameter.empty]
    for option in needed:
        if option not in options:
            raise ValueError(f"Data set {name!r} needs the option {option!r}.")
    return loader(source, **options)
