"""Results on disk: written whole or not at all, never over an older result."""

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import re
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from compartments.sealed_files import remove_abandoned, staging, written_whole
from experiments.registry import EXPERIMENTS

PACKAGES = ("apical-tuft", "brian2", "numpy", "torch", "scikit-learn", "xarray")


LONGEST_NAME = 200
"""Bytes; most file systems take 255."""

REPEAT = "-run"
"""Between a result's name and the number of its repeat; a number alone would read as a range."""


class RunFolder:
    """A results folder that appears as ``parent/name`` only when its block ends well.

    An older ``parent/name`` is kept: the new one is then ``name-run2``, ...
    Inside the block ``path`` is a hidden sibling; after it, the published folder.
    After an error or Ctrl-C nothing is left, unless :meth:`keep` has been called. What a killed
    run has left in ``parent`` is deleted first.

    Parameters
    ----------
    parent, name
        Where the folder is to appear.
    estimated_bytes : int
        About how much will be written; with less than that free on the disk, nothing begins.

    >>> with RunFolder(Path("runs"), "demo") as run:        # doctest: +SKIP
    ...     write_json(run.path / "result.json", {"accuracy": 0.9})
    >>> run.path                                            # doctest: +SKIP
    PosixPath('runs/demo')

    Raises
    ------
    ValueError
        If ``name`` is not a plain name of a folder.
    OSError
        If ``parent`` cannot be written to, or its disk is full (on entry, before any work is done).
    """

    def __init__(self, parent: Path, name: str, estimated_bytes: int = 5_000_000) -> None:
        if not is_plain_name(name):
            raise ValueError(f"name must be the plain name of a folder, got {name!r}.")
        self.parent, self.name, self.estimated_bytes = parent, name, estimated_bytes
        self.path = parent / name
        self._created: list[Path] = []
        self._kept = False
        self._staging = contextlib.ExitStack()

    def __enter__(self) -> "RunFolder":
        check_space(self.parent, self.estimated_bytes)
        self._created = [p for p in (self.parent, *self.parent.parents) if not p.exists()]
        self.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(self.parent)
        self.path = self._staging.enter_context(staging(self.path, folder=True))
        return self

    def keep(self) -> None:
        """From here on only figures are missing, which ``tuft draw`` draws from the numbers.

        The folder is then published also where drawing fails or is stopped, and the error says so.
        """
        self._kept = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        staged = self.path
        try:
            if kind is None or self._kept:
                self.path = _published(staged, self.parent, self.name)
        finally:
            self._staging.close()
            if self.path == staged:  # nothing was published
                for folder in self._created:
                    with contextlib.suppress(OSError):  # somebody else has put something there
                        folder.rmdir()
        if error is None or not self._kept:
            return
        left = f"The numbers are in {self.path}; `tuft draw {self.path}` draws"
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"{left} what is missing.") from error
        said = str(error) or "no more is known"
        raise ValueError(
            f"Drawing failed ({type(error).__name__}: {said}). {left} again."
        ) from error


def is_plain_name(name: str) -> bool:
    """Whether a folder of that name lies directly in its parent."""
    return is_path(name) and name not in (".", "..") and Path(name).name == name


def is_path(text: str) -> bool:
    """Whether a file system can have that path, with room for a suffix."""
    try:
        parts = os.fsencode(text).split(os.sep.encode())
    except UnicodeEncodeError:  # half of a pair of surrogates, from JSON
        return False
    return text != "" and "\0" not in text and max(map(len, parts)) <= LONGEST_NAME


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin when a disk clearly has no room; the folder need not exist yet.

    Raises
    ------
    OSError
        Says how much is free and how much is needed.
    """
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise OSError(
            f"The disk of {folder} is too full: {free / 1e6:,.1f} MB are free, about "
            f"{needed_bytes / 1e6:,.1f} MB are needed. Free some, or choose another folder (--out)."
        )


def _published(staging: Path, parent: Path, name: str) -> Path:
    """Where ``staging`` went: the first of ``name``, ``name-run2``, ... that is free."""
    for number in range(1, 10_000):
        target = parent / (name if number == 1 else f"{name}{REPEAT}{number}")
        if target.exists():
            continue
        try:
            staging.rename(target)
        except OSError:  # somebody else took the name between the look and the rename
            if target.exists():
                continue
            raise
        return target
    raise OSError(f"No free name for {name} in {parent}: 10,000 results stand there already.")


def latest(parent: Path, name: str) -> Path:
    """The newest of ``name``, ``name-run2``, ... in ``parent``."""
    numbered = [
        path
        for path in parent.glob(f"{name}*")
        if path.name == name or path.name.removeprefix(f"{name}{REPEAT}").isdigit()
    ]
    if not numbered:
        raise FileNotFoundError(f"No result named {name} in {parent}.")
    return max(numbered, key=lambda path: int(path.name[len(name) + len(REPEAT) :] or 1))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all (temporary name, flush, rename)."""
    with written_whole(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def _plain(value: Any) -> Any:
    """A value that JSON can hold; dataclasses become dicts, arrays lists, paths strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not np.isfinite(value):
        return None  # JSON has no NaN; an absent number is null
    return value


EDITABLE = "config.json"
"""The one JSON file that is there to be edited, and so carries no digest."""

_SEAL = re.compile(rb'\{\n  "sha256": "([0-9a-f]{64})",?\n')


def write_json(path: Path, value: Any) -> None:
    """Write an object as JSON, whole or not at all. NaN and infinity become ``null``.

    Its first entry is the SHA-256 digest of all that follows, except in :data:`EDITABLE`. With an
    experiment's ``Config`` goes the name of the experiment, which ``tuft draw`` asks for.
    """
    plain = _plain(value)
    for name, entry in EXPERIMENTS.items():
        if type(value).__module__ == entry.module:
            plain = {"experiment": name, **plain}
    if path.name == EDITABLE:
        write_bytes(path, _json_text(plain))
        return
    unsealed = _json_text({"sha256": 64 * "0", **plain})
    seal = hashlib.sha256(unsealed.split(b"\n", 2)[2]).hexdigest()
    write_bytes(path, unsealed.replace(64 * b"0", seal.encode(), 1))


def _json_text(plain: Any) -> bytes:
    return (json.dumps(plain, indent=2, allow_nan=False) + "\n").encode()


def read_json(path: Path) -> dict[str, Any]:
    """What :func:`write_json` wrote, the digest checked and left out.

    Raises
    ------
    ValueError
        If it holds no JSON object, or, unless it is :data:`EDITABLE`, carries no digest or that
        of another content; says what to do.
    """
    content = path.read_bytes()
    if path.name != EDITABLE:
        seal = _SEAL.match(content)
        if seal is None:
            raise ValueError(
                f"{path} carries no SHA-256 digest: it is damaged, of another program, or of an "
                f"older version. Delete it to make it anew, or accept it as it is: `tuft seal "
                f"{path}`."
            )
        if hashlib.sha256(content[seal.end() :]).hexdigest() != seal[1].decode():
            raise ValueError(
                f"{path} is damaged: its content is not that of its SHA-256 digest. Delete it to "
                f"make it anew; or, if you have edited it, `tuft seal {path}`."
            )
    value = parsed(path, content)
    value.pop("sha256", None)
    return value


def parsed(path: Path, content: bytes) -> dict[str, Any]:
    """The object in a JSON file's content.

    Raises
    ------
    ValueError
        If it holds no JSON, or another thing than an object.
    """
    try:
        value = json.loads(content, object_pairs_hook=_once, parse_int=_whole)
    except ValueError as error:
        raise ValueError(f"{path} holds no JSON: {error}.") from error
    except RecursionError:
        raise ValueError(f"{path} is nested too deep; nothing that Tuft writes is.") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path} must hold a JSON object, holds {type(value).__name__}.")
    return value


def _whole(digits: str) -> int:
    if len(digits) > 100:
        raise ValueError(f"a number of {len(digits)} digits is too long")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs; a name that stands twice is refused, which JSON leaves open."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there twice")
    return found


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a number may depend on; of torch, the build."""
    import torch  # here: whoever only reads results need not wait for it

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a checkout that is not installed
            found[package] = "not installed"
    # The metadata of PyPI's CUDA build say 2.13.0 where it calls itself 2.13.0+cu130.
    found["torch"] = str(torch.__version__)
    return found
