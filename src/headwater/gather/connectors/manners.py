"""What sites ask of whoever reads them: what their robots.txt leaves open, wherever redirects lead, and no haste."""

import re
from time import monotonic, sleep
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from protego import Protego

from headwater.gather.connectors.base import FetchFailed
from headwater.gather.connectors.base import marked as _
from headwater.gather.connectors.guard import AGENT, Answer, Client

_ROBOTS_BYTES = 500_000
_LONGEST_PAUSE = 60.0
_DOT = re.compile("%2e", re.I)


class Disallowed(FetchFailed):
    """The robots.txt of the address, or of one it redirects to, asks not to read it; it was not asked for."""

    def __init__(self, url: str) -> None:
        message = _("The site's robots.txt asks not to read %(address)s")
        super().__init__(message, _("Ask the site's owner for permission"), address=url)


def canonical(url: str) -> str:
    """An address without its fragment and steps like `..`, with a path, host in lower case."""
    parts = urlsplit(urldefrag(url)[0])
    path = _without_steps(parts.path) if parts.netloc else parts.path
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, parts.query, ""))


def _without_steps(path: str) -> str:
    """A path from the root without `.` and `..`, which may be written as %2e: it is read as servers read it."""
    kept: list[str] = []
    step = ""
    for part in path.split("/")[1:]:
        step = _DOT.sub(".", part)
        if step == "..":
            kept = kept[:-1]
        elif step != ".":
            kept.append(part)
    return "/" + "/".join([*kept, ""] if step in (".", "..") else kept)


def _host(url: str) -> str:
    """The scheme and host of an address. Raises FetchFailed when it can be no address: pages and feeds hold any."""
    try:
        parts = urlsplit(canonical(url))
    except ValueError as error:
        message = _("%(address)s is not an address")
        raise FetchFailed(message, _("It is tried again next time"), address=url) from error
    return f"{parts.scheme}://{parts.netloc}"


class Manners:
    """Asks for addresses as their sites want it, `delay` seconds apart, or further where a robots.txt says so."""

    def __init__(self, client: Client, delay: float) -> None:
        self.client = client
        self.delay = delay
        self._robots: dict[str, Protego | FetchFailed] = {}
        self._last_request = 0.0

    def get(self, url: str, known: dict[str, str] | None = None, is_invited: bool = False) -> Answer:
        """The answer to a GET, as `Client.get`; `is_invited` when the site's robots.txt itself names the address.

        Raises Disallowed before the address, or one it redirects to, is asked for, and as `Client.get`.
        """
        if not is_invited:
            self.check(url)
        return self._ask(url, known)

    def allows(self, url: str) -> bool:
        """Whether the robots.txt of an address's host leaves it open. Raises FetchFailed when that is in trouble."""
        robots = self.robots_of(url)
        return all(robots.can_fetch(written, AGENT) for written in (url, canonical(url)))

    def check(self, url: str) -> None:
        """Raises Disallowed where it does not."""
        if not self.allows(url):
            raise Disallowed(url)

    def robots_of(self, url: str) -> Protego:
        """The robots.txt of an address's host: none means welcome.

        Raises FetchFailed when the server is in trouble, or the address can be no address.
        """
        host = _host(url)
        if host not in self._robots:
            self._robots[host] = self._read_robots(host)
        robots = self._robots[host]
        if isinstance(robots, FetchFailed):
            raise robots
        return robots

    def _read_robots(self, host: str) -> Protego | FetchFailed:
        try:
            answer = self._ask(urljoin(host, "/robots.txt"), is_checked=False)
        except FetchFailed as error:
            return error
        if answer.status >= 500:
            message = _("The site's robots.txt answered %(status)s")
            return FetchFailed(message, _("It is tried again next time"), status=answer.status)
        content = answer.content[:_ROBOTS_BYTES] if answer.status < 400 else b""
        robots = Protego.parse(content.decode("utf-8", "replace"))
        self.delay = max(self.delay, min(float(robots.crawl_delay(AGENT) or 0), _LONGEST_PAUSE))
        return robots

    def _ask(self, url: str, known: dict[str, str] | None = None, is_checked: bool = True) -> Answer:
        """A request, not sooner than the delay after the last one."""
        sleep(max(0.0, self._last_request + self.delay - monotonic()) if self._last_request else 0.0)
        try:
            return self.client.get(url, known, self.check) if is_checked else self.client.get(url, known)
        finally:
            self._last_request = monotonic()
