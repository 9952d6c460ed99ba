"""A web site: the pages its sitemap names, or those found by following links, within a prefix and with manners."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from headwater.gather.connectors.base import (
    Fault,
    Fetched,
    FetchFailed,
    Found,
    Listing,
    SourceFailed,
    checksum,
    short_key,
)
from headwater.gather.connectors.base import marked as _
from headwater.gather.connectors.guard import Answer, Client, Policy, SignIn, check_written, http_date
from headwater.gather.connectors.manners import Disallowed, Manners, canonical
from headwater.gather.connectors.sitemaps import Sitemaps

_PAGES = 5_000
_LINKS_A_PAGE = 500
_NOT_DOCUMENTS = re.compile(
    r"\.(css|js|mjs|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|mp[34]|webm|ogg|wav|avi|mov|exe|dmg|iso|xml|rss|atom)$",
    re.I,
)
_DOCUMENT_TYPES = re.compile(r"html|pdf|text/|officedocument|opendocument|msword|epub|rtf|json|octet-stream|^$")


@dataclass(frozen=True)
class Site:
    """Settings: `url` to start from, `within` the prefix to stay in (default: the folder of `url`), `pages` at most,
    `delay` seconds between two requests (default 0.5; robots.txt may ask for more)."""

    url: str
    prefix: str
    pages: int = _PAGES
    delay: float = 0.5
    policy: Policy = field(default_factory=Policy)
    sign_in: SignIn | None = None

    @classmethod
    def from_settings(cls, settings: dict[str, Any], secret: dict[str, str], policy: Policy) -> "Site":
        """Raises SourceFailed when no address is given or the prefix is on another host."""
        check_written(str(settings.get("url", "")).strip(), policy, "url")
        url = canonical(str(settings.get("url", "")).strip())
        if not url.startswith(("http://", "https://")):
            raise SourceFailed(_("No web site is named"), _("Enter its address, beginning with https://"), field="url")
        prefix = canonical(str(settings.get("within") or "").strip()) or url[: url.rindex("/") + 1]
        if urlsplit(prefix).netloc != urlsplit(url).netloc:
            message = _("The prefix is on another host than the address")
            raise SourceFailed(message, _("Make two sources of it"), field="within")
        pages, delay = int(settings.get("pages") or _PAGES), settings.get("delay")
        sign_in = SignIn.from_settings(url, settings, secret)
        return cls(url, prefix, min(pages, _PAGES * 10), 0.5 if delay is None else float(delay), policy, sign_in)

    def open(self, cursor: dict[str, Any]) -> Listing:
        """The pages now; `cursor` holds what each page said of itself the last time. Raises SourceFailed."""
        visit = _Visit(self, cursor)
        visit.listing.resources.callback(visit.client.close)
        try:
            visit.read_manners()
        except SourceFailed:
            visit.client.close()
            raise
        return visit.listing


class _Visit:
    """One listing of one site: its client, its manners, and what is remembered for the next."""

    def __init__(self, site: Site, cursor: dict[str, Any]) -> None:
        self.site = site
        self.client = Client(site.policy, site.sign_in)
        self.manners = Manners(self.client, site.delay)
        self.before: dict[str, dict[str, Any]] = cursor.get("pages", {})
        self.sitemaps: list[str] = cursor.get("sitemaps", [])
        self.went_by_links = not self.sitemaps or bool(cursor.get("by_links"))
        self.now: dict[str, dict[str, Any]] = {}
        self.listing = Listing({"pages": self.now}, self.walk())

    def read_manners(self) -> None:
        """robots.txt: none means welcome, a server in trouble means not now."""
        try:
            self.robots = self.manners.robots_of(self.site.url)
        except FetchFailed as error:
            raise SourceFailed.because(error) from error
        if not self.welcome(self.site.url):
            message = _("The site's robots.txt asks not to be read")
            raise SourceFailed(message, _("Ask the site's owner for permission"))

    def get(self, url: str, known: dict[str, str] | None = None) -> Answer:
        """A request with manners. What does not answer before anything else did is the whole site."""
        try:
            return self.manners.get(url, known)
        except FetchFailed as error:
            if not self.now and not isinstance(error, SourceFailed | Disallowed):
                raise SourceFailed.because(error) from error
            raise

    def welcome(self, url: str) -> bool:
        return url.startswith(self.site.prefix) and self.manners.allows(url)

    def walk(self) -> Iterator[Found]:
        sitemaps = Sitemaps(self.manners, self.site.url, self.sitemaps, self.welcome, self.site.pages)
        sitemaps.read_all()
        self.listing.cursor["sitemaps"] = sitemaps.remembered
        self.listing.trouble = sitemaps.trouble
        named = sitemaps.pages
        # In the stead of a sitemap that once named pages, links would find what vanishes when it is back.
        by_links = not named and (self.went_by_links or not sitemaps.trouble)
        self.listing.cursor["by_links"] = by_links
        if named:
            yield from self.from_sitemap(named)
        elif by_links:
            yield from self.by_links()
        if not self.listing.complete and (named or by_links):
            message = _("Its pages are limited to %(number)s, and there are more")
            self.listing.remark = Fault(message, _("The limit is in its settings"), number=self.site.pages)
        self.listing.complete &= sitemaps.is_whole
        if sitemaps.trouble:
            self.now.update({url: before for url, before in self.before.items() if url not in self.now})

    def from_sitemap(self, named: dict[str, str]) -> Iterator[Found]:
        self.listing.total = min(len(named), self.site.pages)
        for url, changed in list(named.items())[: self.site.pages]:
            before = self.before.get(url)
            # Where it was found may be forbidden since: its address here only led there.
            if changed and before and before.get("changed") == changed and self.welcome(before.get("place", url)):
                self.now[url] = before
                yield self.unchanged(url, before)
            elif found := self.visit(url, changed):
                yield found
        self.listing.complete = len(named) <= self.site.pages

    # --- By links -----------------------------------------------------------------------------------------------------

    def by_links(self) -> Iterator[Found]:
        waiting, queued = deque([self.site.url]), {self.site.url}
        visited = 0
        while waiting and visited < self.site.pages:
            url = waiting.popleft()
            visited += 1
            found = self.visit(url)
            if found:
                yield found
            for link in self.now.get(url, {}).get("links", []):
                if link not in queued and self.welcome(link):
                    queued.add(link)
                    waiting.append(link)
        self.listing.complete = not waiting

    # --- One page -----------------------------------------------------------------------------------------------------

    def visit(self, url: str, changed: str = "") -> Found | None:
        """One page: unchanged, as it is now, gone or not to be read (None), or in trouble (its fetch says why)."""
        before = self.before.get(url, {})
        try:
            answer = self.get(url, before)
        except Disallowed:
            return None
        except FetchFailed as error:
            return self.in_trouble(url, before, error)
        if answer.status == 304:
            self.now[url] = before
            return self.unchanged(url, before)
        if answer.status in (404, 410):
            return None
        if answer.status >= 400:
            trouble = _refusal(answer)
            return self.in_trouble(url, before, trouble)
        return self.changed(url, changed, answer)

    def changed(self, url: str, changed: str, answer: Answer) -> Found | None:
        place = canonical(answer.url)
        if not place.startswith(self.site.prefix) or not _DOCUMENT_TYPES.search(answer.mime):
            return None
        stamp = checksum(answer.content)
        links = _links(answer) if "html" in answer.mime else []
        self.now[url] = {"stamp": stamp, "changed": changed, "links": links, "place": place, **answer.validators}
        content = Fetched(answer.content, answer.mime)
        modified = http_date(answer.headers.get("last-modified", ""))
        return _found(url, stamp, lambda: content, modified=modified)

    def unchanged(self, url: str, before: dict[str, Any]) -> Found:
        """A page whose stamp says that nothing changed; fetched anew only if somebody asks all the same."""

        def fetch() -> Fetched:
            answer = self.get(url)
            if answer.status >= 400:
                raise _refusal(answer)
            return Fetched(answer.content, answer.mime)

        return _found(url, str(before.get("stamp", "")), fetch)

    def in_trouble(self, url: str, before: dict[str, Any], trouble: FetchFailed) -> Found:
        """A page that does not answer keeps what is known of it; a new one becomes a visible failure."""
        if before:
            self.now[url] = before
            return self.unchanged(url, before)

        def fetch() -> Fetched:
            raise trouble

        return _found(url, f"trouble-{checksum(trouble.message)[:16]}", fetch)


def _refusal(answer: Answer) -> FetchFailed:
    remedy = _("It is tried again next time")
    return FetchFailed(_("The page answered %(status)s"), remedy, status=answer.status)


def _found(url: str, stamp: str, fetch: Callable[[], Fetched], **facts: Any) -> Found:
    return Found(key=short_key(url), stamp=stamp, name=url, fetch=fetch, url=url, **facts)


def _links(answer: Answer) -> list[str]:
    """Addresses a page links to that may be documents, each once, at most 500."""
    try:
        tree = html.fromstring(answer.content)
    except (etree.LxmlError, ValueError, AssertionError):
        return []
    start = _start(answer.url, tree)
    links: dict[str, None] = {}
    for anchor in tree.xpath("//a[@href][not(contains(@rel, 'nofollow'))]"):
        try:
            link = canonical(urljoin(start, anchor.get("href").strip()))
        except ValueError:
            continue
        if link.startswith(("http://", "https://")) and not _NOT_DOCUMENTS.search(urlsplit(link).path):
            links.setdefault(link)
        if len(links) >= _LINKS_A_PAGE:
            break
    return list(links)


def _start(url: str, tree: Any) -> str:
    """Where the links of a page start from: its own address, unless it names another that can be one."""
    base = next(iter(tree.xpath("//base/@href")), "")
    try:
        return urljoin(url, str(base))
    except ValueError:
        return url
