"""Path globs: the patterns of `path:`, read as GitHub reads a CODEOWNERS file.

* `*` stands for any characters but `/`, `?` for one of them, `[abc]`, `[a-z]` and `[!a]` for one of (not of) a set.
* `**` as a whole segment stands for any number of folders, also none.
* A pattern with a `/` at its beginning or in its middle starts at the root; one without matches at any depth:
  `report.md` finds `a/b/report.md`, `/report.md` does not.
* A pattern that matches a folder matches everything in it, at any depth; with `/` at its end it matches only that.
* One exception: a last segment of exactly `*` after a `/` means what lies directly in the folder: `pages/*` finds
  `pages/a.md`, not `pages/b/c.md`. `*` alone finds everything that has a path.
* Letters' case counts. `\\` takes the next character as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ANYWHERE = "(?:[^/]+/)*"
_BEGINNING = "\n"
_WILD = re.compile("[*?]")


def path_matches(pattern: str, path: str) -> bool:
    """Whether the glob finds the path, which has forward slashes; "" (no path) is never found."""
    return bool(path) and _compiled_lately(pattern).fullmatch(path.lstrip("/")) is not None


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression that fully matches the paths a glob finds, without the slashes they begin with."""
    return re.compile(glob_expression(pattern, atomic=True), re.DOTALL)


_compiled_lately = lru_cache(maxsize=4096)(compiled)


def glob_expression(pattern: str, *, atomic: bool = False) -> str:
    """The regular expression that fully matches the paths a glob finds. Any text is a pattern; none is refused.

    As it is, it needs nothing but sets, groups and `*`, so that an automaton (the index's) can run it. With `atomic`
    it is for Python's `re`, which backtracks: each star then stops at the first place that fits, which finds the same
    paths, and no pattern can make it slow.
    """
    body = pattern.lstrip("/")
    segments = [segment for segment in body.split("/") if segment]
    if not segments:
        return "(?s:.)+"
    rooted = pattern.startswith("/") or len(segments) > 1
    first, *later = _stretches(segments[:-1], atomic) if rooted else ["", ""]
    last = _last(segments[-1], body.endswith("/"), alone=not rooted, atomic=atomic)
    if not later:
        return first + last
    *middle, final = later
    gaps = (f"(?>{_ANYWHERE}?{stretch})" if atomic else _ANYWHERE + stretch for stretch in middle if stretch)
    return first + "".join(gaps) + _ANYWHERE + final + last


def framed(path: str) -> str:
    """A path that begins with no slash, with its beginning marked and every segment between slashes: see `literals`."""
    return f"{_BEGINNING}/{path}/"


def literals(pattern: str) -> list[str]:
    """What stands, character by character, in every path the glob finds once it is `framed`: stretches of it."""
    segments = [segment for segment in pattern.split("/") if segment]
    is_rooted = pattern.startswith("/") or len(segments) > 1
    stretches = [_BEGINNING + "/" if is_rooted else "/"]
    for segment in segments:
        first, *others = [""] if segment == "**" else _plain(segment)
        # Any number of folders may stand for `**`: only the slash before what follows it is sure.
        if segment == "**":
            stretches.append("/")
            continue
        stretches[-1] += first
        stretches += others
        stretches[-1] += "/"
    return [stretch for stretch in stretches if stretch.strip(_BEGINNING + "/")]


def _plain(segment: str) -> list[str]:
    """The stretches of a segment whose characters stand for themselves, "" before, between and after what is wild."""
    if "[" not in segment and "\\" not in segment:
        return _WILD.split(segment)
    stretches = [""]
    at = 0
    while at < len(segment):
        expression, after = ("[", at + 1) if segment[at] == "*" else _piece(segment, at)
        if expression[0] == "[":
            stretches.append("")
        else:
            stretches[-1] += segment[after - 1]
        at = after
    return stretches


def _stretches(segments: list[str], atomic: bool) -> list[str]:
    """The expressions of the folders before, between and after the `**` of a pattern."""
    stretches = [""]
    for segment in segments:
        if segment == "**":
            stretches.append("")
        else:
            stretches[-1] += _segment(segment, atomic) + "/"
    return stretches


def _last(segment: str, folder_only: bool, alone: bool, atomic: bool) -> str:
    if segment == "**":
        return "(?s:.)+"
    if folder_only:
        return _segment(segment, atomic) + "/(?s:.)+"
    if segment == "*" and not alone:
        return "[^/]+"
    return _segment(segment, atomic) + "(?:/(?s:.)*)?"


def _segment(segment: str, atomic: bool) -> str:
    """A segment as its fixed-length stretches with stars between them; stars alone need at least one character."""
    stretches = [""]
    at = 0
    while at < len(segment):
        if segment[at] == "*":
            stretches.append("")
            at += 1
        else:
            piece, at = _piece(segment, at)
            stretches[-1] += piece
    if len(stretches) > 1 and not any(stretches):
        return "[^/]+"
    first, *middle = stretches[:-1] if len(stretches) > 1 else stretches
    starred = "".join(_starred(stretch, atomic) for stretch in middle if stretch)
    return first + starred + (f"[^/]*{stretches[-1]}" if len(stretches) > 1 else "")


def _starred(stretch: str, atomic: bool) -> str:
    return f"(?>[^/]*?{stretch})" if atomic else f"[^/]*{stretch}"


def _piece(segment: str, at: int) -> tuple[str, int]:
    """The expression for one character of the path, and where the glob goes on after it."""
    char = segment[at]
    if char == "?":
        return "[^/]", at + 1
    if char == "\\" and at + 1 < len(segment):
        return _literal(segment[at + 1]), at + 2
    end = segment.find("]", at + 2 + (segment[at + 1 : at + 2] in ("!", "^"))) if char == "[" else -1
    if end > 0:
        return _set(segment[at + 1 : end]), end + 1
    return _literal(char), at + 1


def _set(inside: str) -> str:
    if inside[0] in "!^":
        return f"[^/{_members(inside[1:])}]"
    return f"[{_members(inside)}]"


def _members(inside: str) -> str:
    """The ranges of a set without the slash, which no set may match; a range backwards is its two ends and a hyphen."""
    found = []
    at = 0
    while at < len(inside):
        low = high = inside[at]
        at += 1
        if inside[at : at + 1] == "-" and at + 1 < len(inside) and low <= inside[at + 1]:
            high = inside[at + 1]
            at += 2
        found.append(_range(low, high))
    return "".join(found)


def _range(low: str, high: str) -> str:
    """One range of a set; one that spans the slash becomes the parts below and above it."""
    if not low <= "/" <= high:
        return _literal(low) if low == high else f"{_literal(low)}-{_literal(high)}"
    below = f"{_literal(low)}-." if low < "/" else ""
    above = f"0-{_literal(high)}" if high > "/" else ""
    return below + above


def _literal(char: str) -> str:
    return "\\" + char if char in "\\.+*?()|[]{}^$&~#-" else char
