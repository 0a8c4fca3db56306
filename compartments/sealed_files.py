"""Files that are written whole or not at all, and that tell when their content has changed."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # a system without file locks: nothing is ever taken for left behind there
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = re.compile(r"\..+\.tuft-[0-9a-f]{8}")
_SEAL = re.compile(rb"\nsha256:([0-9a-f]{64})\n")
_SEAL_BYTES = 73
_CHUNK = 1 << 20


@contextmanager
def staging(path: Path, *, folder: bool = False) -> Iterator[Path]:
    """A new hidden file or folder beside ``path``, deleted after the block if it is still there.

    While the block lasts a lock tells :func:`remove_abandoned` that it is in use; the system gives
    it up when the process ends, however it ends.
    """
    temporary, lock = _created(path, folder)
    try:
        yield temporary
    finally:
        _remove(temporary)
        if lock is not None:
            os.close(lock)


def remove_abandoned(folder: Path) -> None:
    """Delete the temporary files and folders in ``folder`` whose process has ended."""
    for path in folder.glob(".*.tuft-*"):
        if not _TEMPORARY.fullmatch(path.name):
            continue
        try:
            lock = _locked(path)
        except OSError:  # in use, gone, or on a disk that cannot lock
            continue
        _remove(path)
        os.close(lock)


@contextmanager
def written_whole(path: Path | str) -> Iterator[BinaryIO]:
    """A file to write to, which takes its place at ``path`` when the block has ended well.

    Until then it has a temporary name beside it; after an error or Ctrl-C nothing is left, and an
    older file at ``path`` stays as it was.

    Raises
    ------
    OSError
        If there is no room, or the folder cannot be written to.
    """
    with staging(Path(path)) as temporary:
        with open(temporary, "r+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


@contextmanager
def written_sealed(path: Path | str) -> Iterator[BinaryIO]:
    """As :func:`written_whole`, with the content's SHA-256 digest behind it.

    Readers of zip archives (numpy, torch) and of HDF5 pass over what stands behind their content.
    """
    with written_whole(path) as file:
        yield file
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        file.seek(0, os.SEEK_END)
        file.write(b"\nsha256:%s\n" % digest.encode())


@contextmanager
def opened_sealed(path: Path | str, mend: str) -> Iterator[BinaryIO]:
    """A file of :func:`written_sealed`, opened to be read once its digest has been checked.

    Parameters
    ----------
    path : path
    mend : str
        What to do about a damaged file, for the message: ``"Delete it to start again."``

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it carries no digest, or not that of its content.
    """
    with open(path, "rb") as file:
        if not _seal_holds(path, file, mend):
            raise ValueError(
                f"{path} carries no SHA-256 digest: it was cut short, or Tuft did not write it. "
                f"{mend} (`tuft seal {path}` accepts it as it is.)"
            )
        file.seek(0)
        yield file


def add_seal(path: Path) -> None:
    """Put its digest behind a file that has none, as it is.

    Raises
    ------
    ValueError
        If it carries the digest of another content.
    """
    with open(path, "rb") as file:
        if _seal_holds(path, file, "Delete it."):
            return
        file.seek(0)
        with written_sealed(path) as sealed:
            shutil.copyfileobj(file, sealed)


def _seal_holds(path: Path | str, file: BinaryIO, mend: str) -> bool:
    """Whether a file carries its digest; ``ValueError`` if that of another content."""
    left = os.fstat(file.fileno()).st_size - _SEAL_BYTES
    digest = hashlib.sha256()
    while left > 0:
        part = file.read(min(left, _CHUNK))
        digest.update(part)
        left -= len(part)
    seal = _SEAL.fullmatch(file.read())
    if seal is not None and seal[1].decode() != digest.hexdigest():
        raise ValueError(
            f"{path} is damaged: its content is not that of its SHA-256 digest. {mend}"
        )
    return seal is not None


def _created(path: Path, folder: bool) -> tuple[Path, int | None]:
    """The new temporary file or folder, and the descriptor that holds its lock."""
    while True:
        temporary = path.with_name(f".{path.name}.tuft-{secrets.token_hex(4)}")
        if folder:
            temporary.mkdir()
        else:
            temporary.touch(exist_ok=False)
        try:
            return temporary, _locked(temporary)
        except (BlockingIOError, FileNotFoundError):
            continue  # another process took it for left behind before it was locked
        except OSError:
            return temporary, None  # nobody can lock here, so nobody will delete it


def _locked(path: Path) -> int:
    """A descriptor that holds the lock of a file or folder.

    Raises
    ------
    BlockingIOError, FileNotFoundError
        If another holds it; if it is gone.
    OSError
        If there are no locks.
    """
    if fcntl is None:
        raise OSError("This system has no file locks.")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink == 0:
            raise FileNotFoundError(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
