"""The tokens of an expression: numbers, names, operators; the first look at a text."""

import keyword
import re
import string

from compartments.strings.identifiers import NAME, Refused, brief

MAX_LENGTH = 4000
"""Characters of an expression."""

_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number> (?:\d+\.?\d*|\.\d+) (?:[eE][-+]?\d+)? (?![\w.]) )
    | (?P<name> {NAME} )
    | (?P<operator> \*\*|//|<=|>=|==|!=|[-+*/%<>(),] )
    | (?P<end> $ )
    )""",
    re.VERBOSE | re.ASCII,
)

_HINTS = {
    "'": "a text is no value",
    '"': "a text is no value",
    ".": "there are no attributes",
    "[": "there is no indexing",
    "&": "write 'and'",
    "|": "write 'or'",
    "~": "write 'not'",
    "^": "write '**'",
    "=": "compare by '=='",
    "!": "write 'not'",
    "\\": "continue a line within parentheses",
    ":": "one ':' comes before the unit",
}
_WORDS = ("and", "or", "not", "True", "False")


def check_tokens(text: object) -> str:
    """The text on one line, if it consists of tokens only.

    Raises
    ------
    Refused
        For quotes, dots, brackets, letters that are not ASCII, and so on; says how to mend it.
    """
    if not isinstance(text, str):
        raise Refused(f"expected a text, got {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise Refused(f"{len(text)} characters are too many (at most {MAX_LENGTH})")
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise Refused(_unreadable(text[place:].lstrip(string.whitespace)[0]))
        word = found["name"]
        if word and keyword.iskeyword(word) and word not in _WORDS:
            other = ": write int(condition)*a + int(not condition)*b" if word == "if" else ""
            raise Refused(f"{word!r} cannot stand here{other}")
        if word and word.startswith("_"):
            raise Refused(f"{brief(word)} begins with an underscore; rename it")
        place = found.end()
    return " ".join(text.split())


def _unreadable(character: str) -> str:
    if not character.isascii():
        return f"{character!a} is not ASCII; write names and operators in ASCII"
    if character.isdigit():
        return f"the number that begins with {character!r} cannot be read; write 2*x, 1e-3, 0.5"
    hint = _HINTS.get(character)
    return f"{character!r} cannot stand here" + (f": {hint}" if hint else "")
