"""Feeds: every format, every malformation, and no request more than needed."""

import json
import os
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headwater.gather.connectors.base import FetchFailed, SourceFailed
from headwater.gather.connectors.feed import Feed, read_items
from headwater.gather.connectors.guard import Answer, Client, Policy, Refused
from headwater.gather.connectors.manners import Manners
from tests.gather.connectors.servers import OPEN, Page, WebServer, web_server

DATA = Path(os.environ.get("HEADWATER_DATA") or Path(__file__).parents[4] / "shared" / "data")
RSS = b"""<rss version="2.0"><channel><title>Roads</title>
<item><guid isPermaLink="false">a</guid><title>Bridge closed</title><link>/bridge</link><author>Ada</author>
<pubDate>Mon, 01 Jan 2024 10:00:00 GMT</pubDate><category>bridges</category>
<description>&lt;p&gt;From Monday&lt;script&gt;steal()&lt;/script&gt;&lt;/p&gt;</description></item>
<item><title>No id</title><link>/second</link><description>Two</description></item>
</channel></rss>"""


def answer(content: bytes, mime: str = "application/xml") -> Answer:
    return Answer(200, {"content-type": mime}, content, "https://x.org/feed")


def test_entries_become_pages_with_their_facts() -> None:
    with web_server({"/feed": Page(RSS, headers={"ETag": '"1"'})}) as server:
        with Feed(server.url + "/feed", policy=OPEN).open({}) as listing:
            found = list(listing)
        assert [one.key for one in found] == ["a", server.url + "/second"]
        assert found[0].title == "Bridge closed"
        assert found[0].url == server.url + "/bridge"
        assert found[0].published is not None
        assert found[0].published.isoformat() == "2024-01-01T10:00:00+00:00"
        assert found[0].metadata == {"tags": ["bridges"]}
        page = found[0].fetch().content
        assert b"From Monday" in page
        assert b"steal()" not in page
        assert not listing.complete
        with Feed(server.url + "/feed", policy=OPEN).open(listing.cursor) as again:
            assert list(again) == []
        assert server.requests[-1][1]["if-none-match"] == '"1"'


def test_a_changed_entry_has_another_stamp() -> None:
    (before, _), (after, _) = read_items(answer(RSS)), read_items(answer(RSS.replace(b"Monday", b"Tuesday")))
    assert before.key == after.key
    assert before.content != after.content


def test_the_page_behind_an_entry_can_be_fetched_instead() -> None:
    pages = {"/feed": Page(RSS), "/bridge": Page(b"<p>The whole story</p>"), "/second": Page(status=500)}
    with web_server(pages) as server, Feed(server.url + "/feed", True, OPEN).open({}) as listing:
        first, second = list(listing)
        assert first.fetch().content == b"<p>The whole story</p>"
        with pytest.raises(Exception, match="500"):
            second.fetch()


def test_name_and_password_are_told_to_the_feed_and_to_no_other_site() -> None:
    with web_server({"/story": Page(b"<p>Elsewhere</p>")}) as other, web_server({}) as server:
        links = [server.url + "/story", other.url + "/story"]
        items = "".join(f"<item><title>{link}</title><link>{link}</link></item>" for link in links)
        server.pages |= {
            "/feed": Page(f"<rss><channel>{items}</channel></rss>".encode()),
            "/story": Page(b"<p>Here</p>"),
        }
        settings = {"url": server.url + "/feed", "whole_page": True, "username": "ada", "delay": 0}
        with Feed.from_settings(settings, {"password": "oxbow"}, OPEN).open({}) as listing:
            for found in listing:
                found.fetch()
        said = "Basic " + b64encode(b"ada:oxbow").decode()
        assert server.paths() == ["/feed", "/robots.txt", "/story"]
        assert {heads.get("authorization") for _, heads in server.requests} == {said}
        assert other.paths() == ["/robots.txt", "/story"]
        assert {heads.get("authorization") for _, heads in other.requests} == {None}


def whole_pages(server: WebServer) -> Feed:
    return Feed(server.url + "/feed", True, OPEN, delay=0)


def fetched(feed: Feed, cursor: dict[str, Any]) -> tuple[dict[str, bytes | str], dict[str, Any]]:
    """What came of each entry: its page, or why there is none; and the cursor, as it is when it was kept."""
    came: dict[str, bytes | str] = {}
    with feed.open(cursor) as listing:
        for found in listing:
            try:
                came[found.title] = found.fetch().content
            except FetchFailed as error:
                came[found.title] = error.message
    assert listing.total == len(came)
    return came, json.loads(json.dumps(listing.cursor))


def test_a_page_that_failed_is_tried_again_though_the_feed_has_not_changed() -> None:
    pages = {"/feed": Page(RSS, headers={"ETag": '"1"'}), "/bridge": Page(status=503), "/second": Page(b"<p>Two</p>")}
    with web_server(pages) as server:
        first, cursor = fetched(whole_pages(server), {})
        assert first == {"Bridge closed": "The page answered 503", "No id": b"<p>Two</p>"}
        again, cursor = fetched(whole_pages(server), cursor)
        assert again == {"Bridge closed": "The page answered 503"}
        pages["/feed"] = Page(b"<rss version='2.0'><channel><title>R</title></channel></rss>")
        again, cursor = fetched(whole_pages(server), cursor)
        assert again == {"Bridge closed": "The page answered 503"}, "scrolled off, and not forgotten"
        pages["/bridge"] = Page(b"<p>The whole story</p>")
        with whole_pages(server).open(cursor) as listing:
            (found,) = listing
        assert (found.key, found.url, found.author) == ("a", server.url + "/bridge", "Ada")
        assert found.published == datetime(2024, 1, 1, 10, tzinfo=UTC)
        assert found.metadata == {"tags": ["bridges"]}
        last, cursor = fetched(whole_pages(server), cursor)
        assert last == {"Bridge closed": b"<p>The whole story</p>"}
        assert fetched(whole_pages(server), cursor)[0] == {}


def test_a_page_that_failed_keeps_the_stamp_it_was_listed_with() -> None:
    pages = {"/feed": Page(RSS, headers={"ETag": '"1"'}), "/bridge": Page(status=503), "/second": Page(status=503)}
    with web_server(pages) as server:
        with whole_pages(server).open({}) as listing:
            stamps = {found.key: found.stamp for found in listing}
        _, cursor = fetched(whole_pages(server), {})
        with whole_pages(server).open(cursor) as listing:
            assert {found.key: found.stamp for found in listing} == stamps


def test_a_page_that_fails_for_weeks_is_asked_for_no_more_once_its_entry_has_scrolled_off() -> None:
    pages = {"/feed": Page(RSS, headers={"ETag": '"1"'}), "/bridge": Page(status=404), "/second": Page(b"<p>Two</p>")}
    with web_server(pages) as server:
        _, cursor = fetched(whole_pages(server), {})
        cursor["missed"]["a"]["since"] = (datetime.now(UTC) - timedelta(days=13)).isoformat()
        came, cursor = fetched(whole_pages(server), cursor)
        assert set(came) == {"Bridge closed"}
        assert cursor["missed"]["a"]["since"] < (datetime.now(UTC) - timedelta(days=12)).isoformat()
        cursor["missed"]["a"]["since"] = (datetime.now(UTC) - timedelta(days=15)).isoformat()
        assert fetched(whole_pages(server), cursor)[0] == {}


def test_pages_behind_entries_are_fetched_with_manners() -> None:
    pages = {"/feed": Page(RSS), "/bridge": Page(b"<p>The whole story</p>"), "/second": Page(b"<p>Two</p>")}
    pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /bridge")
    with web_server(pages) as server:
        started = time.monotonic()
        came, _ = fetched(Feed(server.url + "/feed", True, OPEN, delay=0.2), {})
        assert time.monotonic() - started >= 0.2
        reason = f"The site's robots.txt asks not to read {server.url}/bridge"
        assert came == {"Bridge closed": reason, "No id": b"<p>Two</p>"}
        assert server.paths() == ["/feed", "/robots.txt", "/second"]


def test_a_link_that_is_no_address_is_the_trouble_of_its_entry_alone() -> None:
    for link in (b"http://[yourdomain]/bridge", b"http://x]/bridge"):
        pages = {"/feed": Page(RSS.replace(b"<link>/bridge", b"<link>" + link)), "/second": Page(b"<p>Two</p>")}
        with web_server(pages) as server:
            came, _ = fetched(whole_pages(server), {})
            assert came["No id"] == b"<p>Two</p>"
            assert set(came) == {"Bridge closed", "No id"}


def test_what_can_be_no_address_is_asked_for_by_nobody() -> None:
    with pytest.raises(FetchFailed, match="not an address"):
        Manners(Client(OPEN), 0).get("https://[yourdomain]/bridge")


def test_a_json_entry_whose_link_is_no_address_has_its_own_words() -> None:
    items = [{"id": "1", "url": "https://[yourdomain]/a", "content_text": "Words"}, {"id": "2", "url": "/b"}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": items}
    one, two = read_items(answer(json.dumps(feed).encode()))
    assert (one.url, one.content, two.url) == ("", "<p>Words</p>", "https://x.org/b")


def test_a_json_feed() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "url": "/a", "title": "T", "content_text": "a < b", "date_published": "2024-01-01"}],
    }
    (item,) = read_items(answer(json.dumps(feed).encode()))
    assert (item.key, item.url, item.content) == ("1", "https://x.org/a", "<p>a &lt; b</p>")


@pytest.mark.parametrize(("page", "words"), [(Page(status=404), "404"), (Page(b"<html><p>no feed</p>"), "not a feed")])
def test_what_is_no_feed_is_said(page: Page, words: str) -> None:
    with web_server({"/feed": page}) as server, pytest.raises(SourceFailed, match=words):
        Feed(server.url + "/feed", policy=OPEN).open({})


def test_a_feed_inside_is_refused() -> None:
    with pytest.raises(Refused):
        Feed("http://127.0.0.1:9/feed", policy=Policy()).open({})


def test_a_title_cannot_break_out_of_its_page() -> None:
    hostile = RSS.replace(b"Bridge closed", b"&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;")
    with web_server({"/feed": Page(hostile)}) as server, Feed(server.url + "/feed", policy=OPEN).open({}) as listing:
        assert b"<script>" not in next(iter(listing)).fetch().content


@pytest.mark.skipif(not DATA.is_dir(), reason="real data not found: set HEADWATER_DATA")
def test_every_real_feed_gives_entries_or_says_that_it_is_none() -> None:
    entries = refused = 0
    for path in sorted((DATA / "feeds").rglob("*.xml")):
        try:
            items = read_items(answer(path.read_bytes()))
        except SourceFailed:
            refused += 1
        else:
            entries += len(items)
            for item in items:
                (item.key + item.title + item.content).encode("utf-8", "strict")
    assert entries > 1_000
    assert refused < 200
