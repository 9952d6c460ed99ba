"""What changed between two texts, in one sentence: the first words that are new."""

import re

_LONGEST = 280
_MARKS = re.compile(r"^[\s#>*|+-]+|[*_`]+|\[([^\]]*)\]\([^)]*\)")


def one_sentence(before: str, after: str) -> str:
    """The first line that is new in `after`, without markup; else the first that is gone, in brackets; else empty."""
    old, new = _lines(before), _lines(after)
    known = set(old)
    fresh = [line for line in new if line not in known]
    if fresh:
        return _cut(_narrowed(fresh[0], old))
    kept = set(new)
    gone = [line for line in old if line not in kept]
    return f"[{_cut(gone[0])}]" if gone else ""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _narrowed(line: str, old: list[str]) -> str:
    """Of a long paragraph, from the sentence on in which it begins to differ."""
    if len(line) <= _LONGEST:
        return line
    nearest = max(old, key=lambda other: _shared(other, line), default="")
    start = _shared(nearest, line)
    sentence = max(line.rfind(mark, 0, start) for mark in (". ", "? ", "! ", "。"))
    return line[sentence + 1 :].strip() if sentence > 0 else line


def _shared(one: str, other: str) -> int:
    """How many first characters two lines share."""
    shared, most = 0, min(len(one), len(other))
    while shared < most:
        middle = (shared + most + 1) // 2
        if other.startswith(one[shared:middle], shared):
            shared = middle
        else:
            most = middle - 1
    return shared


def _cut(line: str) -> str:
    words = " ".join(_MARKS.sub(r"\1", line).split())
    return words if len(words) <= _LONGEST else words[: words.rfind(" ", 0, _LONGEST)] + " …"
