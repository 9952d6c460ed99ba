"""A web site: sitemap or links, within the prefix, with manners, and cheap the second time."""

import gzip
import time
from typing import Any

import pytest

from headwater.gather.connectors.base import FetchFailed, Found, SourceFailed
from headwater.gather.connectors.guard import Policy, Refused
from headwater.gather.connectors.manners import canonical
from headwater.gather.connectors.web import Site
from tests.gather.connectors.servers import OPEN, Page, web_server
from tests.gather.connectors.sites import START, listed, pages, site, sitemap_of


def visited(site: Site, cursor: dict[str, Any] | None = None) -> tuple[dict[str, Found], dict[str, Any], bool]:
    with site.open(cursor or {}) as listing:
        found = {one.key.partition("/docs/")[2]: one for one in listing}
        return found, listing.cursor, listing.complete


def test_links_are_followed_within_the_prefix() -> None:
    with web_server(pages()) as server:
        found, _, complete = visited(site(server))
        assert set(found) == {"", "one.html", "two.html"}
        assert found["one.html"].fetch().content.startswith(b"<p>one")
        assert complete
        assert "/other/x.html" not in server.paths()


def test_a_site_that_asks_for_a_name_is_told_the_one_of_its_settings() -> None:
    with web_server(pages()) as server:
        given = {"url": server.url + "/docs/", "delay": 0, "username": "ada"}
        found, _, _ = visited(Site.from_settings(given, {"password": "oxbow"}, OPEN))
        assert found
        assert {heads["authorization"] for _, heads in server.requests} == {"Basic YWRhOm94Ym93"}


def test_an_unchanged_site_has_the_same_stamps_and_a_vanished_page_is_missing() -> None:
    served = pages()
    with web_server(served) as server:
        before, cursor, _ = visited(site(server))
        served["/docs/"] = Page(START.body + b" ")
        del served["/docs/two.html"]
        after, _, complete = visited(site(server), cursor)
        assert set(after) == {"", "one.html"}
        assert after["one.html"].stamp == before["one.html"].stamp
        assert after[""].stamp != before[""].stamp
        assert complete
        assert [heads.get("if-none-match") for path, heads in server.requests if path == "/docs/one.html"] == [
            None,
            '"1"',
        ]


def test_a_page_in_trouble_keeps_what_is_known_and_a_new_one_says_why() -> None:
    served = pages()
    with web_server(served) as server:
        before, cursor, _ = visited(site(server))
        served["/docs/one.html"] = Page(status=503)
        after, _, _ = visited(site(server), cursor)
        assert after["one.html"].stamp == before["one.html"].stamp
        fresh, _, _ = visited(site(server))
        with pytest.raises(FetchFailed, match="503"):
            fresh["one.html"].fetch()


def test_a_sitemap_is_believed_and_unchanged_pages_cost_nothing() -> None:
    served = pages()
    with web_server(served) as server:
        index = f"<sitemapindex><sitemap><loc>{server.url}/pages.xml.gz</loc></sitemap></sitemapindex>"
        urls = "".join(
            f"<url><loc>{server.url}{path}</loc><lastmod>2024-01-0{day}</lastmod></url>"
            for day, path in enumerate(["/docs/one.html", "/docs/two.html", "/other/x.html"], start=1)
        )
        served["/sitemap.xml"] = Page(index.encode())
        served["/pages.xml.gz"] = Page(gzip.compress(f"<urlset>{urls}</urlset>".encode()))
        before, cursor, complete = visited(site(server))
        assert set(before) == {"one.html", "two.html"}
        assert complete
        server.requests.clear()
        after, _, _ = visited(site(server), cursor)
        assert {key: one.stamp for key, one in after.items()} == {key: one.stamp for key, one in before.items()}
        assert "/docs/one.html" not in server.paths()


def test_robots_are_obeyed() -> None:
    served = pages()
    served["/robots.txt"] = Page(b"User-agent: *\nDisallow: /docs/two.html\nCrawl-delay: 0.2")
    with web_server(served) as server:
        started = time.monotonic()
        found, _, _ = visited(site(server))
        assert set(found) == {"", "one.html"}
        assert time.monotonic() - started >= 0.2 * 3
        served["/robots.txt"] = Page(b"User-agent: *\nDisallow: /")
        with pytest.raises(SourceFailed, match="asks not to be read"):
            visited(site(server))
        served["/robots.txt"] = Page(status=503)
        with pytest.raises(SourceFailed, match="503"):
            visited(site(server))


def test_a_page_with_a_base_that_is_no_address_has_links_all_the_same() -> None:
    with web_server(pages()) as server:
        server.pages["/docs/"] = Page(b'<base href="http://[yourdomain]/">' + START.body)
        found, listing = listed(site(server))
        assert (found, listing.complete) == ({"", "one.html", "two.html"}, True)


PRIVATE = Page(b"User-agent: *\nDisallow: /docs/private/\n")
TO_PRIVATE = [
    "/docs/away.html",
    "/docs/x/../private/secret.html",
    "/docs/x/%2e%2E/private/secret.html",
    "/docs/./private/secret.html",
]


@pytest.mark.parametrize("path", TO_PRIVATE)
def test_what_robots_forbid_is_reached_by_no_detour(path: str) -> None:
    served = pages() | {"/robots.txt": PRIVATE, "/docs/private/secret.html": Page(b"<p>secret</p>")}
    served["/docs/away.html"] = Page(status=302, headers={"Location": "/docs/x/%2e%2e/private/secret.html"})
    served["/docs/x/%2e%2e/private/secret.html"] = served["/docs/x/%2e%2E/private/secret.html"] = Page(b"<p>secret</p>")
    with web_server(served) as server:
        served["/sitemap.xml"] = sitemap_of(server, "/docs/one.html", path)
        found, _, complete = visited(site(server))
        assert set(found) == {"one.html"}
        assert complete
        assert not [asked for asked in server.paths() if "private" in asked]


def test_what_robots_forbid_from_now_on_is_not_kept_by_an_old_date() -> None:
    served = pages() | {"/docs/old.html": Page(status=302, headers={"Location": "/docs/two.html"})}
    with web_server(served) as server:
        served["/sitemap.xml"] = sitemap_of(server, "/docs/one.html", "/docs/old.html", changed="2024-01-01")
        before, cursor, _ = visited(site(server))
        assert set(before) == {"one.html", "old.html"}
        served["/robots.txt"] = Page(b"User-agent: *\nDisallow: /docs/two.html")
        after, _, _ = visited(site(server), cursor)
        assert set(after) == {"one.html"}


def test_another_host_is_asked_for_its_own_robots_before_a_redirect_is_followed() -> None:
    elsewhere: dict[str, Page] = {"/robots.txt": Page(b"User-agent: *\nDisallow: /"), "/sso": Page(b"<p>closed</p>")}
    with web_server(elsewhere) as other, web_server(pages()) as server:
        server.pages["/docs/two.html"] = Page(status=302, headers={"Location": other.url + "/sso"})
        found, _, _ = visited(site(server))
        assert set(found) == {"", "one.html"}
        assert other.paths() == ["/robots.txt"]
        elsewhere["/robots.txt"] = Page(status=404)
        elsewhere["/sso"] = Page(status=302, headers={"Location": server.url + "/docs/one.html"})
        found, _, _ = visited(site(server))
        assert set(found) == {"", "one.html", "two.html"}
        elsewhere["/robots.txt"] = Page(status=503)
        found, _, _ = visited(site(server))
        with pytest.raises(FetchFailed, match=r"robots\.txt answered 503"):
            found["two.html"].fetch()


def test_a_sitemap_that_robots_name_is_read_and_one_that_they_forbid_is_not() -> None:
    served = pages() | {"/robots.txt": Page(b"User-agent: *\nDisallow: /sitemap.xml\nDisallow: /maps/")}
    with web_server(served) as server:
        served["/sitemap.xml"] = served["/maps/all.xml"] = sitemap_of(server, "/docs/two.html")
        found, _, _ = visited(site(server))
        assert set(found) == {"", "one.html", "two.html"}
        assert "/sitemap.xml" not in server.paths()
        named = f"\nSitemap: {server.url}/maps/all.xml".encode()
        served["/robots.txt"] = Page(served["/robots.txt"].body + named)
        found, _, _ = visited(site(server))
        assert set(found) == {"two.html"}


def test_requests_keep_their_distance() -> None:
    with web_server(pages()) as server:
        started = time.monotonic()
        visited(site(server, delay=0.1))
        assert time.monotonic() - started >= 0.1 * 4


def test_a_site_without_end_is_cut_and_not_called_complete() -> None:
    def endless(handler: Any) -> None:
        number = int(handler.path.rpartition("/")[2] or 0)
        body = f'<p>{number}</p><a href="/docs/{number + 1}">next</a>'.encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.wfile.write(body)

    with web_server({f"/docs/{n or ''}": endless for n in range(50)}) as server:
        found, listing = listed(site(server, pages=5))
        assert (len(found), listing.complete, listing.trouble) == (5, False, None)
        assert "pages are limited to 5, and there are more" in str(listing.remark)
        found, listing = listed(site(server, pages=51))
        assert (len(found), listing.complete, listing.remark) == (50, True, None)


def test_a_sitemap_of_more_pages_than_are_gathered_is_remarked() -> None:
    with web_server(pages()) as server:
        server.pages["/sitemap.xml"] = sitemap_of(server, "/docs/one.html", "/docs/two.html")
        found, listing = listed(site(server, pages=1))
        assert (found, listing.complete, listing.trouble) == ({"one.html"}, False, None)
        assert "limited to 1," in str(listing.remark)
        assert listed(site(server, pages=2))[1].remark is None


def test_a_page_redirected_out_of_the_prefix_is_left_out() -> None:
    served = pages()
    served["/docs/two.html"] = Page(status=302, headers={"Location": "/other/x.html"})
    with web_server(served) as server:
        found, _, _ = visited(site(server))
        assert set(found) == {"", "one.html"}


def test_addresses_inside_and_nonsense_are_refused() -> None:
    with pytest.raises(Refused):
        Site.from_settings({"url": "http://127.0.0.1:9/"}, {}, Policy()).open({})
    with pytest.raises(SourceFailed, match="No web site"):
        Site.from_settings({"url": "file:///etc/passwd"}, {}, OPEN)
    with pytest.raises(SourceFailed, match="another host"):
        Site.from_settings({"url": "https://a.org/x/", "within": "https://b.org/"}, {}, OPEN)


def test_one_page_has_one_address() -> None:
    assert canonical("HTTPS://X.org#top") == canonical("https://x.org/") == "https://x.org/"
    assert (
        canonical("https://x.org/../a/./b/../c/..") == canonical("https://x.org/%2e/a/b/%2E%2e/") == "https://x.org/a/"
    )
    assert canonical("https://x.org/a//b/...?c=../d") == "https://x.org/a//b/...?c=../d"
