"""A web site: sitemap or links, within the prefix, with manners, and cheap the second time."""

import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from headwater.gather.connectors import sitemaps
from headwater.gather.connectors.base import FetchFailed, Found, Listing, SourceFailed
from headwater.gather.connectors.guard import Policy, Refused
from headwater.gather.connectors.manners import canonical
from headwater.gather.connectors.web import Site
from tests.gather.connectors.servers import OPEN, Page, WebServer, web_server

START = Page(
    b'<a href="one.html#top">1</a><a href="/docs/two.html">2</a><a href="/other/x.html">x</a><a href="p.png">p</a>'
)


def site(server: WebServer, **settings: Any) -> Site:
    given = {"url": server.url + "/docs/", "delay": 0, **settings}
    return Site.from_settings(given, {}, OPEN)


def visited(site: Site, cursor: dict[str, Any] | None = None) -> tuple[dict[str, Found], dict[str, Any], bool]:
    with site.open(cursor or {}) as listing:
        found = {one.key.partition("/docs/")[2]: one for one in listing}
        return found, listing.cursor, listing.complete


def pages() -> dict[str, Page]:
    return {
        "/docs/": START,
        "/docs/one.html": Page(b'<p>one</p><a href="/docs/">up</a>', headers={"ETag": '"1"'}),
        "/docs/two.html": Page(b"<p>two</p>"),
        "/other/x.html": Page(b"<p>outside</p>"),
    }


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


def sitemap_of(server: WebServer, *paths: str, changed: str = "") -> Page:
    dated = f"<lastmod>{changed}</lastmod>" if changed else ""
    urls = "".join(f"<url><loc>{server.url}{path}</loc>{dated}</url>" for path in paths)
    return Page(f"<urlset>{urls}</urlset>".encode())


def listed(site: Site, cursor: dict[str, Any] | None = None) -> tuple[set[str], Listing]:
    """The pages by their names, and what the listing says of itself in the end."""
    with site.open(cursor or {}) as listing:
        return {one.key.partition("/docs/")[2] for one in listing}, listing


def hang(handler: Any) -> None:
    time.sleep(1)


def half(handler: Any) -> None:
    """Part of a sitemap, with no word of how long it would be."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"<urlset><url><loc>http://127.0.0.1/docs/none</lo")


TROUBLES: dict[str, Page | Callable[[Any], None]] = {
    "503": Page(status=503),
    "429": Page(status=429),
    "403": Page(status=403),
    "No answer": hang,
    "ends too early": half,
    "damaged": Page(gzip.compress(b"<urlset></urlset>" * 99)[:-20]),
    "not a sitemap": Page(b"<html><p>We are away for a moment</html>"),
    "404": Page(status=404),
}


@pytest.mark.parametrize("words", TROUBLES)
def test_a_sitemap_in_trouble_is_named_and_no_reason_to_miss_anything(words: str) -> None:
    served: dict[str, Any] = dict(pages())
    with web_server(served) as server:
        there = sitemap_of(server, "/docs/one.html", "/docs/hidden.html")
        served |= {"/sitemap.xml": there, "/docs/hidden.html": Page(b"<p>named by the sitemap alone</p>")}
        patient = replace(site(server), policy=replace(OPEN, step_seconds=0.3))
        _, first = listed(patient)
        assert first.complete
        assert first.cursor["sitemaps"] == [server.url + "/sitemap.xml"]
        served["/sitemap.xml"] = TROUBLES[words]
        found, second = listed(patient, first.cursor)
        assert found == set(), "links would find other pages, which would vanish when the sitemap is back"
        assert not second.complete
        assert f"{server.url}/sitemap.xml cannot be read" in str(second.trouble)
        assert words in str(second.trouble)
        served["/sitemap.xml"] = there
        server.requests.clear()
        found, third = listed(patient, second.cursor)
        assert (found, third.complete, third.trouble) == ({"one.html", "hidden.html"}, True, None)
        assert dict(server.requests)["/docs/one.html"].get("if-none-match") == '"1"', "what is known is still known"


def test_a_sitemap_that_says_twice_that_it_is_gone_is_gone() -> None:
    served = pages()
    with web_server(served) as server:
        served["/sitemap.xml"] = sitemap_of(server, "/docs/one.html", "/docs/two.html")
        _, first = listed(site(server))
        del served["/sitemap.xml"]
        _, second = listed(site(server), first.cursor)
        assert second.trouble
        found, third = listed(site(server), second.cursor)
        assert (found, third.complete, third.trouble) == ({"", "one.html", "two.html"}, True, None)


def test_robots_that_name_a_sitemap_no_more_are_believed_the_second_time() -> None:
    served = pages()
    with web_server(served) as server:
        served["/robots.txt"] = Page(f"Sitemap: {server.url}/map.xml".encode())
        served["/map.xml"] = sitemap_of(server, "/docs/two.html")
        _, first = listed(site(server))
        served["/robots.txt"] = Page(status=404)
        found, second = listed(site(server), first.cursor)
        assert (found, second.complete) == (set(), False)
        assert "no sitemap any more" in str(second.trouble)
        found, third = listed(site(server), second.cursor)
        assert (found, third.complete) == ({"", "one.html", "two.html"}, True)


@pytest.mark.parametrize("trouble", [Page(status=503), Page(status=403)])
def test_one_sitemap_of_an_index_in_trouble_leaves_the_others_their_pages(trouble: Page) -> None:
    served = pages()
    with web_server(served) as server:
        parts = "".join(f"<sitemap><loc>{server.url}/{name}.xml</loc></sitemap>" for name in ("a", "b"))
        served["/sitemap.xml"] = Page(f"<sitemapindex>{parts}</sitemapindex>".encode())
        served["/a.xml"] = sitemap_of(server, "/docs/one.html")
        served["/b.xml"] = trouble
        found, listing = listed(site(server))
        assert (found, listing.complete) == ({"one.html"}, False)
        assert "/b.xml cannot be read" in str(listing.trouble)
        served["/b.xml"] = sitemap_of(server, "/docs/two.html")
        found, listing = listed(site(server), listing.cursor)
        assert (found, listing.complete, listing.trouble) == ({"one.html", "two.html"}, True, None)


def index_of(server: WebServer, count: int) -> Page:
    """An index that names so many sitemaps, /0.xml and so on, some of them twice."""
    parts = "".join(f"<sitemap><loc>{server.url}/{number}.xml</loc></sitemap>" for number in [*range(count), 0, 1])
    return Page(f"<sitemapindex>{parts}</sitemapindex>".encode())


def test_a_site_of_many_sitemaps_is_read_whole() -> None:
    with web_server(pages()) as server:
        server.pages |= {"/sitemap.xml": index_of(server, 60), "/0.xml": sitemap_of(server, "/docs/one.html")}
        server.pages["/59.xml"] = sitemap_of(server, "/docs/two.html")
        found, listing = listed(site(server))
        assert (found, listing.complete, listing.trouble) == ({"one.html", "two.html"}, True, None)


def test_more_sitemaps_than_are_read_are_not_called_all_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "_SITEMAPS", 5)
    with web_server(pages()) as server:
        server.pages |= {"/sitemap.xml": index_of(server, 5), "/0.xml": sitemap_of(server, "/docs/one.html")}
        found, listing = listed(site(server))
        assert (found, listing.complete) == ({"one.html"}, False)
        assert "The site has more than 5 sitemaps" in str(listing.trouble)
        assert "/4.xml" not in server.paths()
        server.pages["/sitemap.xml"] = index_of(server, 4)
        found, listing = listed(site(server), listing.cursor)
        assert (found, listing.complete, listing.trouble) == ({"one.html"}, True, None)


def test_a_server_that_fails_on_and_on_is_left_in_peace() -> None:
    with web_server(pages()) as server:
        server.pages |= {"/sitemap.xml": index_of(server, 60)} | {f"/{n}.xml": Page(status=503) for n in range(60)}
        found, listing = listed(site(server))
        assert (found, listing.complete) == ({"", "one.html", "two.html"}, False)
        assert sum(path.endswith(".xml") for path in server.paths()) == 1 + 50


def test_no_more_sitemaps_are_asked_for_than_it_takes_to_know_enough_pages() -> None:
    with web_server(pages()) as server:
        server.pages |= {"/sitemap.xml": index_of(server, 3), "/0.xml": sitemap_of(server, "/other/x.html")}
        server.pages["/1.xml"] = sitemap_of(server, "/docs/one.html", "/docs/two.html")
        found, listing = listed(site(server, pages=1))
        assert (found, listing.complete, listing.total, listing.trouble) == ({"one.html"}, False, 1, None)
        assert "/2.xml" not in server.paths()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_that_never_had_a_sitemap_is_read_by_its_links(status: int) -> None:
    with web_server(pages() | {"/sitemap.xml": Page(status=status)}) as server:
        found, listing = listed(site(server))
        assert (found, listing.complete, listing.trouble) == ({"", "one.html", "two.html"}, True, None)


def test_where_nobody_knows_of_a_sitemap_links_are_followed_and_nothing_is_missed() -> None:
    with web_server(pages() | {"/sitemap.xml": Page(status=500)}) as server:
        found, listing = listed(site(server))
        assert (found, listing.complete) == ({"", "one.html", "two.html"}, False)
        assert "answered 500" in str(listing.trouble)


def never_works(port: int) -> dict[str, Page | str]:
    """Sitemaps that a robots.txt may name and nobody ever reads: what they answer, or where they are said to be."""
    statuses = {str(status): Page(status=status) for status in (401, 403, 500)}
    return {**statuses, "No answer": f"http://127.0.0.1:{port}/map.xml", "not a public address": "http://[::1]/map.xml"}


@pytest.mark.parametrize("words", never_works(1))
def test_a_sitemap_that_was_never_read_keeps_no_site_from_being_read_by_its_links(words: str) -> None:
    with web_server(pages()) as server:
        trouble = never_works(1)[words]
        place = trouble if isinstance(trouble, str) else server.url + "/map.xml"
        server.pages["/robots.txt"] = Page(f"Sitemap: {place}".encode())
        if isinstance(trouble, Page):
            server.pages["/map.xml"] = trouble
        cursor: dict[str, Any] = {}
        for _time in range(2):
            found, listing = listed(site(server), cursor)
            assert (found, listing.complete) == ({"", "one.html", "two.html"}, False)
            assert f"{place} cannot be read" in str(listing.trouble)
            assert words in str(listing.trouble)
            cursor = listing.cursor


def test_a_sitemap_that_leads_nowhere_keeps_no_site_from_being_read_by_its_links() -> None:
    with web_server(pages()) as server:
        index = f"<sitemapindex><sitemap><loc>{server.url}/a.xml</loc></sitemap></sitemapindex>"
        server.pages |= {"/sitemap.xml": Page(index.encode()), "/a.xml": Page(status=403)}
        cursor: dict[str, Any] = {}
        for _time in range(2):
            found, listing = listed(site(server), cursor)
            assert (found, listing.complete) == ({"", "one.html", "two.html"}, False)
            assert "/a.xml cannot be read" in str(listing.trouble)
            cursor = listing.cursor
        server.pages["/a.xml"] = sitemap_of(server, "/docs/one.html")
        found, listing = listed(site(server), cursor)
        assert (found, listing.complete, listing.trouble) == ({"one.html"}, True, None)
        server.pages["/a.xml"] = Page(status=403)
        assert listed(site(server), listing.cursor)[0] == set(), "since it was read, links are not followed"


def test_a_sitemap_that_is_gone_for_good_gives_way_to_links_though_another_never_works() -> None:
    with web_server(pages()) as server:
        server.pages["/sitemap.xml"] = sitemap_of(server, "/docs/one.html")
        _, first = listed(site(server))
        del server.pages["/sitemap.xml"]
        server.pages |= {"/robots.txt": Page(f"Sitemap: {server.url}/map.xml".encode()), "/map.xml": Page(status=404)}
        found, second = listed(site(server), first.cursor)
        assert (found, second.complete) == (set(), False)
        server.pages["/map.xml"] = Page(status=403)
        found, third = listed(site(server), second.cursor)
        assert (found, third.complete) == ({"", "one.html", "two.html"}, False)


def test_an_address_nobody_can_read_spoils_no_sitemap() -> None:
    served = pages()
    with web_server(served) as server:
        served["/sitemap.xml"] = Page(
            f"<urlset><url/><url><loc>http://[x</loc></url><url><loc>{server.url}/docs/one.html</loc></url></urlset>".encode()
        )
        found, listing = listed(site(server))
        assert (found, listing.complete) == ({"one.html"}, True)


def test_a_line_of_robots_that_names_no_address_is_passed_over() -> None:
    with web_server(pages()) as server:
        lines = f"Sitemap: https://[yourdomain]/sitemap.xml\nSitemap: {server.url}/map.xml"
        server.pages |= {"/robots.txt": Page(lines.encode()), "/map.xml": sitemap_of(server, "/docs/one.html")}
        found, listing = listed(site(server))
        assert (found, listing.complete, listing.trouble) == ({"one.html"}, True, None)


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
        found, _, complete = visited(site(server, pages=5))
        assert len(found) == 5
        assert not complete


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
