"""The sitemaps of a web site: which pages they name, and whether that is all, so that what is missing has vanished."""

import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from headwater.gather.connectors.base import Fault, FetchFailed, SourceFailed
from headwater.gather.connectors.base import marked as _
from headwater.gather.connectors.guard import Answer
from headwater.gather.connectors.manners import Manners, canonical

# One index may name 50,000; read one after the other with a pause, these take a while already.
_SITEMAPS = 1_000
# A server that fails so often in a row is left in peace until the next time.
_FAILURES = 50
_SITEMAP_BYTES = 50_000_000
_KINDS = ("urlset", "sitemapindex")
_END = re.compile(rb"</[^<>]*(urlset|sitemapindex)\s*>")


class _Gone(FetchFailed):
    """The server says that there is no such sitemap: believed when it says so twice."""


class Sitemaps:
    """Reads the sitemaps that robots.txt names, the usual one, and those that these name; `known` were there last time.

    Afterwards: `pages`, those addresses that `is_wanted`, at most one more than `most`, and their last change as
    written; `trouble`, the first that should have been there and was not, or could not be read, or that there are too
    many; `remembered`, what is `known` the next time.
    """

    def __init__(
        self, manners: Manners, start: str, known: Collection[str], is_wanted: Callable[[str], bool], most: int
    ) -> None:
        named = [place for written in manners.robots_of(start).sitemaps if (place := _place(start, written))]
        usual = urljoin(start, "/sitemap.xml")
        self._manners = manners
        self._known = frozenset(known)
        self._guess = "" if usual in {*named, *known} else usual
        self._is_wanted, self._most = is_wanted, most
        self._waiting: deque[str] = deque()
        self._queued: set[str] = set()
        self._are_too_many = False
        self._failed_in_a_row = 0
        self._queue(*named, *([usual] if manners.allows(usual) else []))
        self._read: set[str] = set()
        self._is_failing = False
        self.pages: dict[str, str] = {}
        self.trouble: Fault | None = None

    @property
    def is_whole(self) -> bool:
        """Whether what they do not name is not there."""
        return self.trouble is None and not self._waiting

    @property
    def remembered(self) -> list[str]:
        """The sitemaps that are there, and those that may be."""
        return sorted(self._read | self._known if self._is_failing else self._read)

    def read_all(self) -> None:
        """Read them, at most 1,000, and until more pages are known than shall be."""
        while self._waiting and not self._are_enough and self._failed_in_a_row < _FAILURES:
            self._read_one(self._waiting.popleft())
        if self._are_too_many and not self._are_enough:
            remedy = _("What only the others name is not gathered, and nothing is taken for vanished")
            self._complain(FetchFailed(_("The site has more than %(number)s sitemaps"), remedy, number=_SITEMAPS))
        if self._known and not self._read:
            remedy = _("What only the sitemap named is taken for vanished the next time")
            self._complain(_Gone(_("There is no sitemap any more, where one was the last time"), remedy))

    @property
    def _are_enough(self) -> bool:
        return len(self.pages) > self._most

    def _queue(self, *addresses: str) -> None:
        """To be read, each once; beyond 1,000 only that there are more is kept."""
        for address in addresses:
            if address not in self._queued and len(self._queued) >= _SITEMAPS:
                self._are_too_many = True
            elif address not in self._queued:
                self._queued.add(address)
                self._waiting.append(address)

    def _read_one(self, address: str) -> None:
        try:
            self._take(address, self._root(address))
            self._failed_in_a_row = 0
        except (FetchFailed, SourceFailed) as error:
            self._failed_in_a_row += 1
            self._complain_of(address, error)

    def _complain_of(self, address: str, error: Fault) -> None:
        self._is_failing |= not isinstance(error, _Gone)
        message = _("The sitemap %(address)s cannot be read: %(error)s")
        remedy = _("Until it can be read, nothing is taken for vanished; it is tried again next time")
        self._complain(FetchFailed(message, remedy, address=address, error=error.message))

    def _complain(self, fault: Fault) -> None:
        self.trouble = self.trouble or fault

    def _root(self, address: str) -> Any:
        """The root element of a sitemap; None where there is none. Raises FetchFailed where there should be one."""
        answer = self._manners.get(address, is_invited=True)
        status = answer.status
        if status == 200:
            return self._parsed(address, answer)
        if status in (404, 410):
            if address in self._known:
                raise _Gone(_("The page answered %(status)s"), status=status)
        elif address != self._guess or status == 429 or status >= 500:
            raise FetchFailed(_("The page answered %(status)s"), status=status)
        return None

    def _parsed(self, address: str, answer: Answer) -> Any:
        content = _gunzip(answer.content) if answer.content[:2] == b"\x1f\x8b" else answer.content
        root = _parse(content)
        if root is None or _tag(root) not in _KINDS:
            # What never was one may be anything: a page that says "not found", a feed, a list of addresses.
            if address in self._known:
                raise _Gone(_("What is there is not a sitemap"))
            return None
        self._read.add(address)
        if not _END.search(content) and _parse(content, recover=False) is None:
            self._complain_of(address, FetchFailed(_("It ends too early")))
        return root

    def _take(self, address: str, root: Any) -> None:
        for entry in root if root is not None else []:
            place = _place(address, _child(entry, "loc"))
            if place and _tag(root) == "sitemapindex":
                self._queue(place)
            elif place and not self._are_enough and self._is_wanted(place):
                self.pages.setdefault(place, _child(entry, "lastmod"))


def _place(start: str, written: str) -> str:
    """The address that is written somewhere; empty where nothing is, or what can be no address."""
    try:
        return canonical(urljoin(start, written)) if written else ""
    except ValueError:
        return ""


def _parse(content: bytes, recover: bool = True) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=recover)
    try:
        return etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError):
        return None


def _child(entry: Any, name: str) -> str:
    for child in entry:
        if _tag(child) == name:
            return (child.text or "").strip()
    return ""


def _tag(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _gunzip(content: bytes) -> bytes:
    """At most 50 MB, the size the sitemap standard allows. Raises FetchFailed when it is damaged."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            return packed.read(_SITEMAP_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise FetchFailed(_("It is damaged")) from error
