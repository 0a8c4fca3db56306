"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


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
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
