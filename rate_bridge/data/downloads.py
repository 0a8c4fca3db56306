"""Data files: found in a folder or fetched, and never used unless their content is known."""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch

from compartments.sealed_files import remove_abandoned, written_whole

LARGEST_FILE = 512 << 20
"""Bytes that a file may have, fetched, found or unpacked. The largest official content is
CIFAR-10's, 184 MB."""
_HEAD = 64
"""Bytes from the beginning of a content that are enough to tell how many there should be."""


@dataclass(frozen=True)
class DataFile:
    """One published file.

    Attributes
    ----------
    path : str
        Where it lies inside the data folder.
    url : str
        Its official address.
    hash : str or None
        ``"md5:..."`` or ``"sha256:..."``. ``None`` where the publisher gives none and none
        could be taken from a trusted copy: such a file is used only if it is allowed by name.
    of : str
        What the hash is of: ``"file"``, or ``"content"`` for a gzip file whose wrapper may
        differ between mirrors while the bytes inside must not.
    direct : bool
        Whether ``url`` is the file itself; else it is the page that says how to get it.
    announced : callable, optional
        From the first bytes of the content, how many it has by its own header; no more are
        unpacked than that, or than :data:`LARGEST_FILE`.
    """

    path: str
    url: str
    hash: str | None
    of: str = "file"
    direct: bool = True
    announced: Callable[[bytes], int] | None = None

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Source:
    """Where a data set's files are looked for, and which unknown ones are accepted.

    Attributes
    ----------
    folder : pathlib.Path
        The data folder, with the sub-folders that the publishers' archives have.
    download : bool
        Whether a missing file is fetched from its official address.
    allow : sequence of str
        Names of data sets or of files that are used although their content is unknown.
    """

    folder: Path
    download: bool = True
    allow: Sequence[str] = ()


@dataclass(frozen=True)
class Found:
    """A file's bytes (gzip undone) and the record of what they are."""

    content: bytes
    record: dict[str, Any]


def found(dataset: str, file: DataFile, source: Source) -> Found:
    """The content of ``file``, from the folder or its official address, checked by hash.

    Raises
    ------
    FileNotFoundError
        If the file is not there and cannot be fetched; says from where and where to put it.
    ValueError
        If its gzip wrapper is damaged, it is too large, or its content is unknown and not allowed
        by name.
    """
    path = located(dataset, file, source)
    if path.stat().st_size > LARGEST_FILE:
        raise _too_large(dataset, file, LARGEST_FILE)
    return _known(dataset, file, source, path, path.read_bytes())


def _known(dataset: str, file: DataFile, source: Source, path: Path, raw: bytes) -> Found:
    """The content of a file's bytes, if it is official or allowed by name."""
    content = _uncompressed(dataset, file, raw)
    digest = _digest(content if file.of == "content" else raw, file.hash)
    official = digest == file.hash
    if not official and not _allowed(dataset, file, source):
        raise _unknown_content(dataset, file, path, digest)
    record = {"file": file.path, "url": file.url, "hash": digest, "official": official}
    return Found(content, record)


def _allowed(dataset: str, file: DataFile, source: Source) -> bool:
    return bool({dataset, file.name, file.path} & set(source.allow))


def archive(dataset: str, file: DataFile, content: bytes) -> tarfile.TarFile:
    """The archive in the content of a ``.tar.gz`` file, unpacked in memory within bounds.

    Raises
    ------
    ValueError
        If its gzip wrapper is damaged, or more is in it than :data:`LARGEST_FILE`.
    tarfile.TarError
        If it is no archive.
    """
    inside = _unpacked(dataset, file, content, LARGEST_FILE)
    return tarfile.open(fileobj=io.BytesIO(inside), mode="r:")


def own_file(dataset: str, path: str, source: Source) -> Found:
    """The content of a file of the user's own, from the data folder or by its full path.

    It has no official hash: its own is recorded.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    full = Path(source.folder) / path  # an absolute path stays as it is
    if not full.is_file():
        raise FileNotFoundError(f"{dataset}: {full} is missing. Give the path of a file.")
    file = DataFile(str(path), "(the user's own file)", None)
    return found(dataset, file, Source(source.folder, download=False, allow=(dataset,)))


def located(dataset: str, file: DataFile, source: Source) -> Path:
    """The path of ``file`` in the folder, fetched first if it is missing and may be.

    What is fetched takes its place there only if its content is known, or allowed by name.
    """
    path = Path(source.folder) / file.path
    if path.is_file():
        return path
    by_hand = f"Fetch it by hand from {file.url} and put it at {path}."
    if not (source.download and file.direct):
        why = "its publisher has no direct address" if source.download else "downloads are off"
        raise FileNotFoundError(f"{dataset}: {path} is missing and {why}. {by_hand}")
    if file.hash is None and not _allowed(dataset, file, source):
        raise ValueError(
            f"{dataset}: {path} is missing, and no official hash is on record to check what would "
            f"be fetched from {file.url}. To fetch and use it as it is, allow it by name "
            f"({dataset!r} or {file.name!r}); the result will then say so."
        )
    try:
        _fetch(dataset, file, source, path)
    except ValueError:  # fetched, and found wanting
        raise
    except Exception as error:  # whatever the network layer raises, the way out is the same
        raise FileNotFoundError(
            f"{dataset}: {path} is missing and could not be fetched "
            f"({type(error).__name__}). {by_hand}"
        ) from error
    return path


class _Bounded(io.BytesIO):
    """A buffer that takes no more than :data:`LARGEST_FILE`."""

    def write(self, part: Any) -> int:
        if self.tell() + len(part) > LARGEST_FILE:
            raise OSError(f"more than {LARGEST_FILE:,} bytes came")
        return super().write(part)


def _fetch(dataset: str, file: DataFile, source: Source, path: Path) -> None:
    """Download, check, and only then write to ``path``."""
    fetched = _Bounded()
    pooch.HTTPDownloader(timeout=60)(file.url, fetched, None)
    raw = fetched.getvalue()
    _known(dataset, file, source, path, raw)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    with written_whole(path) as written:
        written.write(raw)


def _uncompressed(dataset: str, file: DataFile, raw: bytes) -> bytes:
    if not file.path.endswith(".gz") or file.path.endswith(".tar.gz"):
        return raw
    limit = LARGEST_FILE
    if file.announced is not None:
        limit = min(limit, file.announced(_unpacked(dataset, file, raw, _HEAD, cut=True)))
    return _unpacked(dataset, file, raw, limit)


def _unpacked(dataset: str, file: DataFile, raw: bytes, limit: int, cut: bool = False) -> bytes:
    """At most ``limit`` bytes from gzip; if there are more, refused, or cut off."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
            content = packed.read(limit)
            more = not cut and packed.read(1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{dataset}: {file.path} is damaged or cut short ({error}). Delete it and fetch it "
            f"again from {file.url}."
        ) from error
    if more:
        raise _too_large(dataset, file, limit)
    return content


def _too_large(dataset: str, file: DataFile, limit: int) -> ValueError:
    return ValueError(
        f"{dataset}: {file.path} holds more than the {limit:,} bytes that it may. Delete it and "
        f"fetch it again from {file.url}."
    )


def _digest(content: bytes, expected: str | None) -> str:
    algorithm = "sha256" if expected is None else expected.split(":", 1)[0]
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def _unknown_content(dataset: str, file: DataFile, path: Path, digest: str) -> ValueError:
    why = (
        f"the official one is {file.hash}"
        if file.hash
        else "no official hash is on record for this file"
    )
    return ValueError(
        f"{dataset}: {path} has the content hash {digest}; {why}. If it is damaged, delete it and "
        f"fetch it again from {file.url}. To use it as it is, allow it by name ({dataset!r} or "
        f"{file.name!r}); the result will then say so."
    )
