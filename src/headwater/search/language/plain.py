"""Which characters of a text are Markdown's marks and not its words, so that a snippet can be shown without them.

The marks are found and left where they are: offsets into the text stay what the analyzer says they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# How far around a passage is looked at, for marks that begin before it or end after it.
_AROUND = 120
Span = tuple[int, int]

# Lines, or beginnings of lines, that are marks as a whole.
_LINES = re.compile(
    r"""^[ \t]*(?:
        (?:```|~~~)[^\n]*$                        # a fence of code
      | (?:[-*_=][ \t]*){3,}$                     # a rule, or the line below a heading
      | \|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$   # below the head of a table
      | (?:>[ \t]?)*(?:\#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|>[ \t]?)   # heading, point of a list, quotation
    )""",
    re.MULTILINE | re.VERBOSE,
)
_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_BAR = re.compile(r"\|")
# By the character without which it is not tried. Groups are what is shown; all else that was matched is hidden.
_INLINE = [
    ("[", re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s+\"[^\"\n]*\")?\)")),
    ("[[", re.compile(r"\[\[(?:[^\[\]|\n]*\|)?([^\[\]|\n]*)\]\]")),
    ("`", re.compile(r"(?<!`)`+(?!`)([^`\n]+)(?<!`)`+(?!`)")),
    ("**", re.compile(r"\*\*(?=\S)([^\n]*?\S)\*\*")),
    ("*", re.compile(r"(?<![\w*\\])\*(?=[^\s*])([^*\n]*?[^\s*\\])\*(?![\w*])")),
    ("__", re.compile(r"(?<!\w)__(?=\S)([^\n]*?\S)__(?!\w)")),
    ("_", re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]*?[^\s_])_(?![\w_])")),
    ("~~", re.compile(r"~~(?=\S)([^\n]*?\S)~~")),
    ("<http", re.compile(r"<(https?://[^<>\s]+)>")),
    ("<", re.compile(r"</?[a-zA-Z][^<>\n]*>|<!--.*?-->")),
    ("\\", re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")),
]


def hidden_marks(text: str, start: int, end: int) -> list[Span]:
    """The marks that touch this passage: (from, to) in order, not overlapping."""
    low = text.rfind("\n", 0, max(0, start - _AROUND)) + 1
    part = text[low : end + _AROUND]
    spans = sorted((low + first, low + last) for first, last in _found(part) if first < last)
    joined: list[Span] = []
    for first, last in spans:
        if last <= start or first >= end:
            continue
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _found(part: str) -> Iterator[Span]:
    yield from (match.span() for match in _LINES.finditer(part))
    if "|" in part:
        for row in _ROW.finditer(part):
            yield from (bar.span() for bar in _BAR.finditer(part, *row.span()))
    for sign, pattern in _INLINE:
        for match in pattern.finditer(part) if sign in part else ():
            shown = match.span(1) if pattern.groups else (match.end(), match.end())
            yield match.start(), shown[0]
            yield shown[1], match.end()
