"""A small site of three pages within its prefix, and what is found there."""

from typing import Any

from headwater.gather.connectors.base import Listing
from headwater.gather.connectors.web import Site
from tests.gather.connectors.servers import OPEN, Page, WebServer

START = Page(
    b'<a href="one.html#top">1</a><a href="/docs/two.html">2</a><a href="/other/x.html">x</a><a href="p.png">p</a>'
)


def site(server: WebServer, **settings: Any) -> Site:
    given = {"url": server.url + "/docs/", "delay": 0, **settings}
    return Site.from_settings(given, {}, OPEN)


def pages() -> dict[str, Page]:
    return {
        "/docs/": START,
        "/docs/one.html": Page(b'<p>one</p><a href="/docs/">up</a>', headers={"ETag": '"1"'}),
        "/docs/two.html": Page(b"<p>two</p>"),
        "/other/x.html": Page(b"<p>outside</p>"),
    }


def sitemap_of(server: WebServer, *paths: str, changed: str = "") -> Page:
    dated = f"<lastmod>{changed}</lastmod>" if changed else ""
    urls = "".join(f"<url><loc>{server.url}{path}</loc>{dated}</url>" for path in paths)
    return Page(f"<urlset>{urls}</urlset>".encode())


def listed(site: Site, cursor: dict[str, Any] | None = None) -> tuple[set[str], Listing]:
    """The pages by their names, and what the listing says of itself in the end."""
    with site.open(cursor or {}) as listing:
        return {one.key.partition("/docs/")[2] for one in listing}, listing
