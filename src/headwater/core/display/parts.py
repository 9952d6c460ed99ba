"""Small parts of pages: states, reasons, people, the stream."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headwater.core.display.assets import icon

REASON_SIGNS = {"directive": "route", "profile": "affiliate", "group": "users-group", "search": "search"}
STATE_ICONS = {"good": "circle-check", "warn": "clock", "bad": "flag", "accent": "info-circle"}


def state(words: object, tone: str = "", sign: str | None = None) -> SafeString:
    """A word in a coloured box. `tone` is good, warn, bad, accent or empty (grey); an icon stands beside every colour.

    `sign` names another icon; an empty string leaves it out (the word alone carries the meaning then).
    """
    name = STATE_ICONS.get(tone, "") if sign is None else sign
    return format_html(
        '<span class="state{}">{}<span>{}</span></span>',
        f" is-{tone}" if tone else "",
        icon(name, "icon-14") if name else "",
        words,
    )


def _emphasised(text: str, name: str) -> SafeString:
    """The reason with its `{name}` set strong, wherever the language puts it."""
    before, _found, after = str(text).partition("{name}")
    if not _found:
        return format_html("{} <strong>{}</strong>", before, name) if name else format_html("{}", before)
    return format_html("{}<strong>{}</strong>{}", before, name, after)


def because(text: str, name: str = "", words: Iterable[str] = (), note: str = "", sign: str = "route") -> SafeString:
    """Why someone sees this: icon, reason with `{name}` strong, matched words underlined, and what it is.

    because(_("Your profile {name}"), "Culverts", words=["culvert"], note="lesson learned, Roads", sign="affiliate")
    """
    hits = format_html_join(", ", '<span class="hit">{}</span>', ((word,) for word in words))
    return format_html(
        '<p class="because">{}<span>{}{}{}{}</span></p>',
        icon(sign, "icon-16"),
        _emphasised(text, name),
        ": " if hits else "",
        hits,
        f" · {note}" if note else "",
    )


class Reasoned(Protocol):
    """A reason in words: `icon` (directive, profile, group), what stands before the name, the name, matched words."""

    icon: str
    lead: str
    name: str
    words: tuple[str, ...]


def because_line(reason: Reasoned, note: str = "") -> SafeString:
    """A delivery's reason, as the distribute room says it, with what the thing is."""
    return because(f"{reason.lead} {{name}}", reason.name, reason.words, note, REASON_SIGNS.get(reason.icon, "route"))


def initials(name: str) -> str:
    """Up to two letters that stand for a person; the first and the last word of the name."""
    words = [word for word in name.split() if word[:1].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def avatar(name: object, look: str = "") -> SafeString:
    """A person's initials in a circle; decoration, for the name stands beside it."""
    return format_html(
        '<span class="avatar{}" aria-hidden="true">{}</span>', f" {look}" if look else "", initials(str(name))
    )


def stream(done: int, steps: Sequence[str] = (), lost: bool = False) -> SafeString:
    """Dots on a line for gathered → matched → sent → opened → acknowledged: `done` are filled, the last one is said.

    With `lost`, the next dot is red: it left the stream there.
    """
    names = list(steps) or [_("gathered"), _("matched"), _("sent"), _("opened"), _("acknowledged")]
    marks = ["is-done" if n < done else "is-lost" if lost and n == done else "" for n in range(len(names))]
    dots = format_html_join("", '<li class="{}"></li>', ((mark,) for mark in marks))
    word = names[min(max(done, 1), len(names)) - 1]
    return format_html(
        '<span class="nowrap"><ol class="stream" aria-hidden="true">{}</ol><span class="stream-word">{}</span></span>',
        dots,
        word,
    )


def marked(text: str, words: Iterable[str]) -> SafeString:
    """A text with each of the words, and whatever begins with them, in a mark element."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted:
        return format_html("{}", text)
    pattern = re.compile(rf"(?<!\w)((?:{'|'.join(map(re.escape, wanted))})\w*)", re.IGNORECASE)
    pieces = pattern.split(text)
    return SafeString(
        "".join(f"<mark>{escape(piece)}</mark>" if n % 2 else escape(piece) for n, piece in enumerate(pieces))
    )


_BREAK = re.compile(r"(?<=[@/])(?=\w)")


def breakable(text: str) -> SafeString:
    """A mail address, a path or an address of the web, which may go on in the next line after an @ or a /."""
    return SafeString(_BREAK.sub("<wbr>", escape(text)))  # escaping brings neither an @ nor a / of its own
