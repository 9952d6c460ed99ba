"""Somebody saved first: what they changed, what differs from yours, and the text the two become."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.library.difference import Span, compare, words
from headwater.library.merging import Merge, Piece, merge
from headwater.library.models import Article, Revision

CHOICES = ("theirs", "mine", "both")


@dataclass(frozen=True)
class Conflict:
    """One place where both wrote: the two texts against each other, and a name for the choice in the form."""

    name: str
    piece: Piece
    spans: list[Span]
    chosen: str = "both"


@dataclass(frozen=True)
class Collision:
    """An aside against the newest revision. `words` is the sentence that says what happened and what was kept."""

    article: Article
    aside: Revision
    latest: Revision
    merged: Merge
    words: str
    note: str

    @property
    def conflicts(self) -> list[Conflict]:
        """Where a person decides."""
        return [
            Conflict(f"choice-{number}", piece, words(piece.theirs, piece.mine))
            for number, piece in enumerate(self.merged.conflicts)
        ]


def collision_of(aside: Revision, article: Article) -> Collision:
    """Compare an open aside with what was saved in between."""
    latest = article.latest
    assert latest is not None
    base = aside.based_on.body if aside.based_on else ""
    merged = merge(base, aside.body, latest.body)
    sections = [section for section in compare(base, latest.body).sections if section]
    return Collision(
        article, aside, latest, merged, _what_happened(latest.author.name, sections), _what_differs(merged)
    )


def _what_happened(name: str, sections: list[str]) -> str:
    if len(sections) == 1:
        return _("%(name)s saved section “%(section)s” while you wrote.") % {"name": name, "section": sections[0]}
    if sections:
        words = ngettext(
            "%(name)s saved %(n)d section while you wrote.",
            "%(name)s saved %(n)d sections while you wrote.",
            len(sections),
        )
        return words % {"name": name, "n": len(sections)}
    return _("%(name)s saved while you wrote.") % {"name": name}


def _what_differs(merged: Merge) -> str:
    count = len(merged.conflicts)
    if not count:
        return _("Yours is kept as a draft. You wrote in different places: the two fit together.")
    words = ngettext(
        "Yours is kept as a draft. One paragraph differs.", "Yours is kept as a draft. %(n)d paragraphs differ.", count
    )
    return words % {"n": count}


def settle_choices(collision: Collision, posted: Mapping[str, str]) -> str:
    """The merged text, each conflict decided as the form says; both kept where it says nothing."""
    choices = [posted.get(f"choice-{number}", "both") for number in range(len(collision.merged.conflicts))]
    return collision.merged.resolved([choice if choice in CHOICES else "both" for choice in choices])
