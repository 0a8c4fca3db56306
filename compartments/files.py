"""Files that are written whole or not at all."""

import os
import secrets
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
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
