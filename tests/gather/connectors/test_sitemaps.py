"""Sitemaps: believed where they are there, named where they are in trouble, and never a reason to lose a site."""

import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from headwater.gather.connectors import sitemaps
from tests.gather.connectors.servers import OPEN, Page, WebServer, web_server
from tests.gather.connectors.sites import listed, pages, site, sitemap_of


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
