"""A feed: RSS, Atom or JSON Feed. Entries that have scrolled off the feed stay kept: they did not vanish."""

import calendar
import html
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import feedparser

from headwater.gather.connectors.base import (
    Fetched,
    FetchFailed,
    Found,
    Listing,
    SourceFailed,
    checksum,
    short_key,
    utc,
)
from headwater.gather.connectors.base import marked as _
from headwater.gather.connectors.guard import Answer, Client, Policy, SignIn, check_written
from headwater.gather.connectors.manners import Manners

_ENTRIES = 5_000
# A page that has been out of reach for so long is asked for no more, once its entry has scrolled off.
_TRIED_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed, of whichever format. `content` is HTML that nobody has vouched for."""

    key: str
    title: str
    url: str
    content: str
    author: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed:
    """Settings: `url`; `whole_page` true fetches the page each entry links to instead of the entry's own words, as
    robots.txt allows, `delay` seconds apart (default 0.5)."""

    url: str
    whole_page: bool = False
    policy: Policy = field(default_factory=Policy)
    sign_in: SignIn | None = None
    delay: float = 0.5

    @classmethod
    def from_settings(cls, settings: dict[str, Any], secret: dict[str, str], policy: Policy) -> "Feed":
        """Raises SourceFailed when no address is given."""
        url = str(settings.get("url", "")).strip()
        if not url.startswith(("http://", "https://")):
            raise SourceFailed(_("No feed is named"), _("Enter its address, beginning with https://"), field="url")
        check_written(url, policy, "url")
        sign_in = SignIn.from_settings(url, settings, secret)
        delay = settings.get("delay")
        return cls(url, bool(settings.get("whole_page")), policy, sign_in, 0.5 if delay is None else float(delay))

    def open(self, cursor: dict[str, Any]) -> Listing:
        """The entries now, and those whose page could not be fetched before. Raises SourceFailed.

        When the server says nothing changed there are none but those. The cursor holds what the server wants to be told
        and, in `missed`, the entries whose page was out of reach: once scrolled off, no feed would name them again.
        """
        client = Client(self.policy, self.sign_in)
        try:
            items, validators = self._ask(client, cursor)
        except (FetchFailed, SourceFailed) as error:
            client.close()
            raise SourceFailed.because(error) from error
        listing = Listing({**validators, "missed": {}})
        listing.resources.callback(client.close)
        pages = _Pages(Manners(client, self.delay), cursor.get("missed", {}), listing.cursor["missed"])
        entries = [(item, _stamp(item)) for item in items]
        if self.whole_page:
            entries += pages.missed_before(without={item.key for item in items})
        listing.total = len(entries)
        listing.found = self._found(entries, pages)
        return listing

    def _ask(self, client: Client, cursor: dict[str, Any]) -> tuple[list[Item], dict[str, str]]:
        """The entries, and what to tell the server the next time."""
        answer = client.get(self.url, cursor)
        if answer.status == 304:
            return [], {name: cursor[name] for name in ("etag", "modified") if name in cursor}
        if answer.status >= 400:
            remedy = _("Check its address and whether it asks for a name")
            raise SourceFailed(_("The feed answered %(status)s"), remedy, status=answer.status)
        return read_items(answer), answer.validators

    def _found(self, entries: list[tuple[Item, str]], pages: "_Pages") -> Iterator[Found]:
        for item, stamp in entries:
            yield Found(
                key=item.key,
                stamp=stamp,
                name=(item.title or "entry")[:200] + ".html",
                fetch=pages.page(item, stamp) if self.whole_page and item.url else _entry(item),
                url=item.url,
                title=item.title,
                author=item.author,
                published=item.published,
                modified=item.modified,
                metadata={"tags": list(item.tags)} if item.tags else {},
            )


class _Pages:
    """The pages behind entries, fetched with manners; those out of reach go into `missed`, to be tried again."""

    def __init__(self, manners: Manners, before: dict[str, dict[str, Any]], missed: dict[str, dict[str, Any]]) -> None:
        self._manners = manners
        self._before = before
        self._missed = missed

    def missed_before(self, without: set[str]) -> list[tuple[Item, str]]:
        """Entries whose page was out of reach, with their stamps; not those that have been so for too long."""
        since = (datetime.now(UTC) - _TRIED_FOR).isoformat()
        kept = [facts for key, facts in self._before.items() if key not in without and facts["since"] >= since]
        return [(_remembered(facts["item"]), facts["stamp"]) for facts in kept]

    def page(self, item: Item, stamp: str) -> Callable[[], Fetched]:
        """How to get the page of an entry."""

        def fetch() -> Fetched:
            try:
                return self._fetched(item.url)
            except FetchFailed:
                since = self._before.get(item.key, {}).get("since") or datetime.now(UTC).isoformat()
                self._missed[item.key] = {"item": _to_remember(item), "stamp": stamp, "since": since}
                raise

        return fetch

    def _fetched(self, url: str) -> Fetched:
        answer = self._manners.get(url)
        if answer.status >= 400:
            remedy = _("It is tried again next time")
            raise FetchFailed(_("The page answered %(status)s"), remedy, status=answer.status)
        return Fetched(answer.content, answer.mime)


def _to_remember(item: Item) -> dict[str, Any]:
    """An entry without its own words, as JSON holds it."""
    facts = asdict(item) | {"content": ""}
    return {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in facts.items()}


def _remembered(facts: dict[str, Any]) -> Item:
    dates = {name: _iso(facts[name]) for name in ("published", "modified")}
    return Item(**{**facts, **dates, "tags": tuple(facts["tags"])})


def _stamp(item: Item) -> str:
    return checksum(item.title, item.content, item.url)


def _entry(item: Item) -> Callable[[], Fetched]:
    """An entry's own words as a small page, so that it is read like any other."""
    page = (
        f"<!doctype html><html><head><meta charset=utf-8><title>{html.escape(item.title)}</title></head>"
        f"<body><article><h1>{html.escape(item.title)}</h1>{item.content}</article></body></html>"
    )
    return lambda: Fetched(page.encode("utf-8", "replace"), "text/html")


def read_items(answer: Answer) -> list[Item]:
    """The entries of a feed, each key once. Raises SourceFailed when the answer is no feed at all."""
    items = _json_items(answer) or _xml_items(answer)
    unique = {item.key: item for item in items[:_ENTRIES]}
    return list(unique.values())


def _xml_items(answer: Answer) -> list[Item]:
    headers = {"content-type": answer.headers.get("content-type", ""), "content-location": answer.url}
    feed = feedparser.parse(answer.content, response_headers=headers)
    if not feed.version and not feed.entries:
        raise SourceFailed(_("What is there is not a feed"), _("Look for the address behind the page's feed button"))
    return [_xml_item(entry) for entry in feed.entries]


def _xml_item(entry: Any) -> Item:
    content = " ".join(part.get("value", "") for part in entry.get("content", [])) or entry.get("summary", "")
    title, url = _words(entry.get("title")), _words(entry.get("link"))
    return Item(
        key=short_key(_words(entry.get("id")) or url or checksum(title, content)),
        title=title,
        url=url,
        content=content,
        author=_words(entry.get("author")),
        published=_moment(entry.get("published_parsed")) or _updated(entry),
        modified=_updated(entry),
        tags=tuple(_words(tag.get("term")) for tag in entry.get("tags", [])[:20]),
    )


def _words(value: Any) -> str:
    return " ".join(str(value or "").replace("\x00", "").split())


def _updated(entry: Any) -> datetime | None:
    # Asked for a date of change that is not there, feedparser would answer with that of publication, and a warning.
    return _moment(entry.get("updated_parsed")) if "updated_parsed" in entry else None


def _moment(parsed: Any) -> datetime | None:
    try:
        return utc(calendar.timegm(parsed)) if parsed else None
    except (TypeError, ValueError, OverflowError):
        return None


def _json_items(answer: Answer) -> list[Item]:
    """Entries of a JSON Feed; none when it is not one."""
    if not answer.content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return []
    try:
        feed = json.loads(answer.content)
    except (ValueError, RecursionError):
        return []
    if "jsonfeed.org" not in str(feed.get("version", "")):
        return []
    return [_json_item(entry, answer.url) for entry in feed.get("items", []) if isinstance(entry, dict)]


def _json_item(entry: dict[str, Any], base: str) -> Item:
    words = str(entry.get("content_html") or "") or f"<p>{html.escape(str(entry.get('content_text') or ''))}</p>"
    url = _joined(base, _words(entry.get("url")))
    authors = [one for one in entry.get("authors") or [entry.get("author")] if isinstance(one, dict)]
    return Item(
        key=short_key(str(entry.get("id") or url or checksum(words))),
        title=_words(entry.get("title")),
        url=url,
        content=words,
        author=", ".join(_words(one.get("name")) for one in authors),
        published=_iso(entry.get("date_published")),
        modified=_iso(entry.get("date_modified")),
        tags=tuple(_words(tag) for tag in (entry.get("tags") or [])[:20]),
    )


def _joined(base: str, written: str) -> str:
    """The address of an entry; empty where what is written can be none: then the entry has its own words."""
    try:
        return urljoin(base, written)
    except ValueError:
        return ""


def _iso(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_feed(answer: Answer) -> bool:
    """Whether an address answers with a feed."""
    try:
        return bool(read_items(answer)) or bool(feedparser.parse(answer.content).version)
    except SourceFailed:
        return False
