"""Character text: predict the next character, one-hot, in windows that do not overlap."""

import torch

from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.downloads import DataFile, Found, Source, found, own_file
from rate_bridge.data.splits import time_bounds, windows

_SHAKESPEARE = DataFile(
    "tinyshakespeare/input.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    "sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)


def tinyshakespeare(source: Source, window: int = 32) -> Dataset:
    """Tiny Shakespeare: 1,115,394 characters, 65 distinct (A. Karpathy, char-rnn)."""
    content = found("tinyshakespeare", _SHAKESPEARE, source)
    return next_character("tinyshakespeare", content, window)


def text_file(source: Source, file: str, window: int = 32) -> Dataset:
    """Any UTF-8 text."""
    return next_character("text", own_file("text", file, source), window)


def next_character(name: str, content: Found, window: int) -> Dataset:
    """Codes of ``window`` characters and, as targets, the codes one character later.

    The text is cut by position: 70 % training, 10 % validation, 20 % test (Lv et al. 2025 cut
    80/20 and select on the test part). Codes are the sorted characters of the whole text, so that
    the input width does not depend on the cut; a character that the training part lacks is only
    an input that is never on.

    Raises
    ------
    ValueError
        If the text is not UTF-8, or a part is shorter than a window and its next character.
    """
    try:
        text = content.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: the text is not UTF-8 ({error}). Convert it first.") from error
    alphabet = sorted(set(text))
    code = {character: number for number, character in enumerate(alphabet)}
    codes = torch.tensor([code[character] for character in text], dtype=torch.int64)
    first, second = time_bounds(len(codes))
    bounds = {"train": (0, first), "validation": (first, second), "test": (second, len(codes))}
    table = torch.eye(len(alphabet))

    def split(part: str) -> Split:
        start, end = bounds[part]
        cut = windows(f"{name}, {part}", codes[start:end, None], window + 1, stride=window)
        return Split(cut[:, :-1, 0].contiguous(), cut[:, 1:, 0].contiguous(), table)

    provenance = {
        "files": [content.record],
        "split": {"how": "by position", "characters": bounds, "window": window},
        "alphabet": "".join(alphabet),
        "task": "next character at every step",
    }
    return Dataset(
        name,
        "classes",
        split("train"),
        split("validation"),
        split("test"),
        len(alphabet),
        provenance,
        rare_classes=True,
        n_codes=len(alphabet),
    )
