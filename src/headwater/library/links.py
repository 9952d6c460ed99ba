"""Links between texts: what a text links to, where that leads a given reader, and who links here.

A text links to an entry by its address (`/o/…/entries/12/` or `entries/12`), by reference (`[permit](SAF-009)`) or by
title or reference in double brackets (`[[Entry permit]]`, `[[SAF-009|the permit]]`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import OuterRef, QuerySet
from django.utils.safestring import SafeString

from headwater.core.addresses import address
from headwater.library.attachments import named_in
from headwater.library.markdown import Targets, entry_meant, render_markdown
from headwater.library.models import Article, Attachment, Link, WantedLink
from headwater.library.parts import Part
from headwater.people.models import Person
from headwater.people.reading import Reader
from headwater.search.models import Entry, EntryQuerySet

BRACKETS = re.compile(r"\[\[([^\[\]|\n]{1,500})(?:\|[^\[\]\n]{1,500})?\]\]")
DESTINATION = re.compile(r"\]\(\s*<?([^)\s<>]{1,2000})>?[^)]*\)")
REFERENCE = re.compile(r"^[\w.\-]{2,40}$")
MOST = 500  # links of one text that are looked up; nobody links more on purpose


@dataclass(frozen=True)
class Written:
    """What a text links to, as it is written: ids of entries, and folded titles or references."""

    ids: frozenset[int] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass
class Found:
    """Entries by id and by folded name."""

    ids: set[int] = field(default_factory=set)
    names: dict[str, int] = field(default_factory=dict)


def fold(name: str) -> str:
    """A title or reference as it is compared: one space between words, no capitals."""
    return " ".join(name.split()).lower()[:500]


def written_links(text: str) -> Written:
    """Every link of a text that could lead to an entry."""
    destinations = DESTINATION.findall(text)
    ids = {found for one in destinations if (found := entry_meant(one)) is not None}
    names = {fold(name) for name in BRACKETS.findall(text)}
    names |= {fold(one) for one in destinations if REFERENCE.match(one)}
    return Written(frozenset(sorted(ids)[:MOST]), frozenset(sorted(names - {""})[:MOST]))


def find_entries(written: Written, entries: EntryQuerySet, article: Article | None = None) -> Found:
    """The entries those links mean, of the given ones.

    A name that stands in the published text of `article` means what it meant then; any other the entry that bears it as
    reference or title, or the last one that bore it as title.
    """
    found = kept_links(written, entries, article) if article is not None else Found()
    if written.ids:
        found.ids = set(entries.filter(pk__in=written.ids).values_list("pk", flat=True))
    if fresh := written.names - set(found.names):
        coded = Article.objects.filter(folded_reference__in=fresh, entry__in=entries.values("pk")).order_by("-pk")
        found.names |= entries.named(fresh) | dict(coded.values_list("folded_reference", "entry"))
    return found


def kept_links(written: Written, entries: EntryQuerySet, article: Article) -> Found:
    """What the links of a published text mean, of the given entries: as kept when it was published."""
    links = list(Link.objects.filter(article=article, target__in=entries.values("pk")).values_list("names", "target"))
    names = {name: target for names, target in links for name in names if name in written.names}
    return Found(ids={target for _names, target in links} & written.ids, names=names)


def render_for(
    text: str,
    reader: Person,
    article: Article | None = None,
    is_draft: bool = False,
    pages: Mapping[str, str] | None = None,
) -> SafeString:
    """A text as HTML for one reader: links to what they may read lead there, all others are plain words.

    `article` is the one whose text and pictures these are. A draft's links are not kept yet, so they are looked up
    among all titles: four queries. A published text takes one, and one more with pictures. `pages` are as in `Targets`.
    """
    written, readable = written_links(text), Entry.objects.current().readable_by(reader)
    if article is not None and not is_draft:
        found = kept_links(written, readable, article)
    else:
        found = find_entries(written, readable, article)
    names = {name: address("home:entry", pk=pk) for name, pk in found.names.items()}
    ids = {pk: address("home:entry", pk=pk) for pk in found.ids}
    return render_markdown(text, Targets(ids, names, _pictures(text, article), pages or {}))


def render_part(
    part: Part, reader: Person, article: Article | None = None, is_draft: bool = False, address: str = "?part="
) -> SafeString:
    """A part of a text as HTML for one reader. Links to headings of other parts lead to `address` with their number."""
    text = f"{part.text}\n\n{part.definitions}" if part.definitions else part.text
    pages = {anchor: f"{address}{number}" for anchor, number in part.elsewhere.items()}
    return render_for(text, reader, article, is_draft, pages)


def _pictures(text: str, article: Article | None) -> dict[int, str]:
    numbers = named_in(text)
    if article is None or not numbers:
        return {}
    rows = Attachment.objects.filter(article=article, pk__in=numbers).values_list("pk", flat=True)
    return {pk: address("library:attachment", pk=pk) for pk in rows}


def relink(article: Article) -> None:
    """After publishing: this article's links are those of its published text, and links that waited for it arrive."""
    if article.published is None:
        return
    written = written_links(article.published.body)
    found = find_entries(written, Entry.objects.current(), article)
    targets = (found.ids | set(found.names.values())) - {article.entry_id}
    Link.objects.filter(article=article).exclude(target__in=targets).delete()
    by_target = {pk: sorted(name for name, target in found.names.items() if target == pk) for pk in targets}
    Link.objects.bulk_create(
        (Link(article=article, target_id=pk, names=names) for pk, names in by_target.items()),
        update_conflicts=True,
        unique_fields=["article", "target"],
        update_fields=["names"],
    )
    WantedLink.objects.filter(article=article).delete()
    WantedLink.objects.bulk_create(
        WantedLink(article=article, wanted=name) for name in written.names - set(found.names)
    )
    _arrive(article)


def _arrive(article: Article) -> None:
    names = {fold(article.entry.title), fold(article.reference)} - {""}
    waiting = WantedLink.objects.filter(wanted__in=names).exclude(article=article)
    for pk, name in list(waiting.values_list("article", "wanted")):
        link, _is_new = Link.objects.get_or_create(article_id=pk, target=article.entry)
        link.names = sorted({*link.names, name})
        link.save(update_fields=["names"])
    waiting.delete()


def backlinks(target: Entry | OuterRef, reader: Reader) -> QuerySet[Article]:
    """The published articles that link to an entry (or, inside a query, to each) and that the reader may read."""
    readable = Entry.objects.current().readable_by(reader).values("pk")
    linking = Article.objects.kept().filter(links__target=target, published__isnull=False, entry__in=readable)
    return linking.order_by("entry__title")
