"""Gathering a place here and now, as the command line does, with real transactions."""

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.gather import jobs, publishing, runs
from headwater.gather.actions import close_source, create_source
from headwater.gather.connectors import SourceFailed
from headwater.gather.connectors.folder import Folder
from headwater.gather.extract import Pool
from headwater.gather.gathering import gather
from headwater.gather.models import Run, Source
from headwater.gather.pieces import Piece
from headwater.gather.pipeline import STEPS, Batch
from headwater.gather.publishing import publish
from headwater.gather.runs import Progress
from headwater.people.models import Notice, Person
from headwater.search.language.fingerprint import fingerprint
from headwater.search.models import Entry, EntryVersion
from tests.gather.connectors.servers import Page, WebServer, web_server


@pytest.fixture
def organisation_id(committed: None) -> int:
    """An organisation with one person, committed."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        Person.objects.create(name="Nadia", email="nadia@waterworks.example")
    return organisation.pk


def numbers(outcome: dict[str, object]) -> tuple[object, ...]:
    return tuple(outcome[name] for name in ("seen", "new", "changed", "vanished", "failed"))


def test_a_folder_twice(organisation_id: int, folder: Path, pool: Pool) -> None:
    told: list[int] = []

    def watcher(progress: Progress) -> None:
        told.append(progress.counts["done"])

    first = gather(organisation_id, OPERATOR, str(folder), pool=pool, watcher=watcher)
    assert numbers(first) == (4, 3, 0, 0, 1)
    assert first["failures"] == [
        {"path": "noise.bin", "reason": "No reader for this kind of file: application/octet-stream"}
    ]
    assert first["seconds"] > 0
    assert told == [4]
    again = gather(organisation_id, OPERATOR, f"{folder}/", pool=pool)
    assert numbers(again) == (4, 0, 0, 0, 1)
    with organisation_context(organisation_id):
        assert Source.objects.count() == 1


def test_long_texts_are_looked_through_before_anything_is_written(
    organisation_id: int, folder: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever follows what is committed waits for a transaction that has written, as long as it goes on."""
    numbered: list[int | None] = []

    def watched(work: Any) -> Any:
        def working(*texts: str) -> Any:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id_if_assigned()")
                numbered.extend(cursor.fetchone())
            return work(*texts)

        return working

    for name in ("fingerprint", "one_sentence"):
        monkeypatch.setattr(publishing, name, watched(getattr(publishing, name)))
    gather(organisation_id, OPERATOR, str(folder), pool=pool)
    (folder / "a.md").write_text("# Storm watch\n\nQuite another text. " + "Many words follow. " * 20)
    gather(organisation_id, OPERATOR, str(folder), pool=pool)
    assert numbered == [None] * 5
    with organisation_context(organisation_id):
        changed = EntryVersion.objects.get(number=2)
        assert changed.summary == "Storm watch"
        assert changed.fingerprint == fingerprint(changed.text) is not None


def test_a_file_a_feed_and_a_site(organisation_id: int, folder: Path, pool: Pool, settings: Any) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    rss = b"<rss><channel><title>R</title><item><guid>1</guid><title>Bridge closed</title></item></channel></rss>"
    pages = {"/feed": Page(rss), "/docs/": Page(b"<title>Culverts</title><p>Clean culverts before rain.")}
    with web_server(pages) as server:
        assert numbers(gather(organisation_id, OPERATOR, server.url + "/feed", pool=pool)) == (1, 1, 0, 0, 0)
        assert numbers(gather(organisation_id, OPERATOR, server.url + "/docs/", pool=pool)) == (1, 1, 0, 0, 0)
    assert numbers(gather(organisation_id, OPERATOR, str(folder / "a.md"), pool=pool)) == (1, 1, 0, 0, 0)
    assert numbers(gather(organisation_id, OPERATOR, str(folder / "a.md"), pool=pool)) == (1, 0, 0, 0, 0)
    with organisation_context(organisation_id):
        kinds = set(Source.objects.values_list("kind", flat=True))
        titles = set(Entry.objects.values_list("title", flat=True))
    assert kinds == {"feed", "web", "upload"}
    assert titles == {"Bridge closed", "Culverts", "Storm watch"}


@pytest.fixture
def asked_for(organisation_id: int, folder: Path) -> Source:
    """The folder as a source that was named on a page: its first run waits for a worker."""
    with organisation_context(organisation_id):
        place = {"path": str(folder)}
        return create_source(OPERATOR, name="Circulars", kind="folder", owner=Person.objects.get(), settings=place)


def test_a_run_that_waits_for_a_worker_is_taken_up_here(organisation_id: int, asked_for: Source, pool: Pool) -> None:
    outcome = gather(organisation_id, OPERATOR, asked_for.settings["path"], pool=pool)
    assert numbers(outcome) == (4, 3, 0, 0, 1)
    with organisation_context(organisation_id):
        run = asked_for.runs.get()
    jobs.carry_out_run(organisation_id, run_id=run.pk)
    with organisation_context(organisation_id):
        assert asked_for.runs.get().counts["new"] == 3


def test_of_many_takers_one_gets_the_run(organisation_id: int, asked_for: Source) -> None:
    with organisation_context(organisation_id):
        run = asked_for.runs.get()
    taken: list[bool] = []

    def take() -> None:
        taken.append(runs.take(organisation_id, run.pk, runs.By.HERE) is not None)
        connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_closing_waits_for_the_batch_that_is_being_published(
    organisation_id: int, asked_for: Source, folder: Path, pool: Pool
) -> None:
    pieces = [Piece(found) for found in Folder(folder).open({})]
    batch = Batch(organisation_id, asked_for.pk, pieces, pool)
    for step in STEPS[: [step.name for step in STEPS].index("indexed")]:
        step.take(batch)

    def close() -> None:
        with organisation_context(organisation_id):
            close_source(OPERATOR, asked_for, "withdraw")
        connections.close_all()

    closing = threading.Thread(target=close)
    with organisation_context(organisation_id):
        publish(batch)
        closing.start()
        closing.join(1)
        assert closing.is_alive()
    closing.join()
    with organisation_context(organisation_id):
        assert Entry.objects.count() == 3
        assert not Entry.objects.current().exists()


def test_signs_of_life_come_while_a_batch_takes_long(
    organisation_id: int, asked_for: Source, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_HEARTBEAT_SECONDS", 0.05)
    beats: list[datetime] = []

    def slow(progress: Progress) -> None:
        for _ in range(2):
            with organisation_context(organisation_id):
                beats.append(asked_for.runs.get().beat_at)
            time.sleep(1)

    gather(organisation_id, OPERATOR, asked_for.settings["path"], pool=pool, watcher=slow)
    assert beats[1] > beats[0]


def left_behind(organisation_id: int) -> int:
    with organisation_context(organisation_id):
        return Source.objects.count() + Notice.objects.count()


def test_a_place_that_cannot_be_read_leaves_no_source_behind(
    organisation_id: int, tmp_path: Path, pool: Pool, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    robots = Page(b"User-agent: *\nDisallow: /")
    with web_server({"/": Page(b"<p>Stay out.</p>"), "/robots.txt": robots, "/down": Page(status=503)}) as server:
        places = {
            str(tmp_path / "gone"): "not there",
            str(tmp_path / ("long" * 100)): "cannot be opened",
            "/proc": "operating system",
            server.url + "/gone": "404",
            server.url + "/down": "503",
            server.url + "/": "robots.txt",
            "http://127.0.0.1:1/": "No answer",
            "http://ada:oxbow@127.0.0.1/": "password",
            "https://[::1": "cannot be read",
        }
        for place, words in places.items():
            with pytest.raises(SourceFailed, match=words):
                gather(organisation_id, OPERATOR, place, pool=pool)
            assert left_behind(organisation_id) == 0, place


def named_site(organisation_id: int, server: WebServer) -> str:
    """The address of a source that waits for nothing between two requests."""
    where = {"url": server.url + "/", "delay": 0}
    with organisation_context(organisation_id):
        create_source(OPERATOR, "Site", "web", Person.objects.get(), settings=where, begin=False)
    return server.url + "/"


def test_a_sitemap_in_trouble_buries_nothing_and_is_named(organisation_id: int, pool: Pool, settings: Any) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    pages = {f"/{name}.html": Page(f"<p>Culvert {name} is cleaned before the rain.".encode()) for name in "abc"}
    with web_server({"/": Page(b"<p>Welcome to the waterworks."), **pages}) as server:

        def sitemap(*names: str) -> Page:
            urls = "".join(f"<url><loc>{server.url}/{name}.html</loc></url>" for name in names)
            return Page(f"<urlset>{urls}</urlset>".encode())

        server.pages["/sitemap.xml"] = sitemap("a", "b", "c")
        place = named_site(organisation_id, server)
        assert numbers(gather(organisation_id, OPERATOR, place, pool=pool)) == (3, 3, 0, 0, 0)
        server.pages["/sitemap.xml"] = Page(status=503)
        outcome = gather(organisation_id, OPERATOR, place, pool=pool)
        assert numbers(outcome) == (0, 0, 0, 0, 1)
        reason = f"The sitemap {server.url}/sitemap.xml cannot be read: The page answered 503"
        assert outcome["failures"] == [{"path": place, "reason": reason}]
        with organisation_context(organisation_id):
            assert Entry.objects.current().count() == 3
            assert "answered 503" in Source.objects.get().trouble
            assert "answered 503" in Notice.objects.get().text
        server.pages["/sitemap.xml"] = sitemap("a", "b")
        assert numbers(gather(organisation_id, OPERATOR, place, pool=pool)) == (2, 0, 0, 1, 0)
        with organisation_context(organisation_id):
            assert Source.objects.get().trouble == ""


def test_a_first_run_that_could_not_list_all_is_followed_by_another(
    organisation_id: int, pool: Pool, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    with web_server({"/sitemap.xml": Page(status=503), "/": Page(b"<p>Welcome to the waterworks.")}) as server:
        place = named_site(organisation_id, server)
        for number in range(3):
            gather(organisation_id, OPERATOR, place, pool=pool)
            server.pages["/sitemap.xml"] = Page(status=404)
            with organisation_context(organisation_id):
                assert Run.objects.latest("pk").is_backfill == (number < 2)


def test_a_site_of_more_pages_than_are_gathered_is_well_and_says_so(
    organisation_id: int, pool: Pool, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    with web_server({"/": Page(b'<p>Welcome.<a href="/a">a</a>'), "/a": Page(b"<p>Culverts.")}) as server:
        place = named_site(organisation_id, server)
        with organisation_context(organisation_id):
            source = Source.objects.get()
            source.settings["pages"] = 1
            source.save()
        for is_backfill in (True, False):
            outcome = gather(organisation_id, OPERATOR, place, pool=pool)
            assert (outcome["seen"], outcome["failed"]) == (1, 0)
            assert outcome["remark"] == "Its pages are limited to 1, and there are more"
            with organisation_context(organisation_id):
                run = Run.objects.latest("started_at")
                assert (run.is_backfill, run.message, run.words) == (is_backfill, "", outcome["remark"])
        with organisation_context(organisation_id):
            assert Source.objects.get().trouble == ""
            assert not Notice.objects.exists()


def test_trouble_with_a_part_that_lasts_does_not_keep_the_rest_from_being_news(
    organisation_id: int, pool: Pool, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    words = {f"/{name}.html": Page(f"<p>Culvert {name} is cleaned before the rain.".encode()) for name in "ab"}
    with web_server({"/open.xml": Page(), "/closed.xml": Page(status=403), **words}) as server:
        parts = "".join(f"<sitemap><loc>{server.url}/{name}.xml</loc></sitemap>" for name in ("open", "closed"))
        server.pages["/sitemap.xml"] = Page(f"<sitemapindex>{parts}</sitemapindex>".encode())
        place = named_site(organisation_id, server)
        for names, days, is_backfill in (("a", 0, True), ("a", 6, True), ("ab", 2, False)):
            urls = "".join(f"<url><loc>{server.url}/{name}.html</loc></url>" for name in names)
            server.pages["/open.xml"] = Page(f"<urlset>{urls}</urlset>".encode())
            with organisation_context(organisation_id):
                Run.objects.update(started_at=F("started_at") - timedelta(days=days))
            gather(organisation_id, OPERATOR, place, pool=pool)
            with organisation_context(organisation_id):
                run = Run.objects.latest("started_at")
                assert (run.is_backfill, "closed.xml" in run.message) == (is_backfill, True)
        with organisation_context(organisation_id):
            assert EntryVersion.objects.get(entry__document__key=f"{server.url}/b.html").is_backfill is False
            assert EntryVersion.objects.get(entry__document__key=f"{server.url}/a.html").is_backfill is True


def test_a_page_behind_an_entry_is_tried_again_though_its_feed_is_as_it_was(
    organisation_id: int, pool: Pool, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    item = b"<item><guid>1</guid><title>Bridge closed</title><link>/bridge</link></item>"
    feed = Page(b"<rss><channel><title>R</title>" + item + b"</channel></rss>", headers={"ETag": '"1"'})
    with web_server({"/feed": feed, "/bridge": Page(status=503)}) as server:
        place = server.url + "/feed"
        where = {"url": place, "whole_page": True, "delay": 0}
        with organisation_context(organisation_id):
            create_source(OPERATOR, "Feed", "feed", Person.objects.get(), settings=where, begin=False)
        assert numbers(gather(organisation_id, OPERATOR, place, pool=pool)) == (1, 0, 0, 0, 1)
        server.pages["/bridge"] = Page(b"<p>The bridge is closed from Monday on.")
        assert numbers(gather(organisation_id, OPERATOR, place, pool=pool)) == (1, 1, 0, 0, 0)
        assert numbers(gather(organisation_id, OPERATOR, place, pool=pool)) == (0, 0, 0, 0, 0)


def test_a_place_that_is_there_and_empty_is_a_source(
    organisation_id: int, tmp_path: Path, pool: Pool, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    (tmp_path / "empty").mkdir()
    assert numbers(gather(organisation_id, OPERATOR, str(tmp_path / "empty"), pool=pool)) == (0, 0, 0, 0, 0)
    with web_server({"/feed": Page(b"<rss version='2.0'><channel><title>R</title></channel></rss>")}) as server:
        assert numbers(gather(organisation_id, OPERATOR, server.url + "/feed", pool=pool)) == (0, 0, 0, 0, 0)
    assert left_behind(organisation_id) == 2


def test_a_known_place_that_has_gone_stays_a_source_in_trouble(organisation_id: int, folder: Path, pool: Pool) -> None:
    gather(organisation_id, OPERATOR, str(folder), pool=pool)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(SourceFailed, match="not there"):
        gather(organisation_id, OPERATOR, str(folder), pool=pool)
    with organisation_context(organisation_id):
        assert Source.objects.get().trouble


def test_who_may_not_name_a_place_learns_nothing_of_it(organisation_id: int, tmp_path: Path, pool: Pool) -> None:
    with organisation_context(organisation_id):
        nadia = Person.objects.get()
    with web_server({}) as server:
        for place in (str(tmp_path / "gone"), server.url + "/gone"):
            with pytest.raises(Refused):
                gather(organisation_id, nadia, place, pool=pool)
        assert server.requests == []


def test_what_cannot_be_gathered_says_why(organisation_id: int, tmp_path: Path, pool: Pool) -> None:
    with pytest.raises(SourceFailed, match="not there"):
        gather(organisation_id, OPERATOR, str(tmp_path / "gone"), pool=pool)
    with pytest.raises(SourceFailed, match="HEADWATER_ALLOW_FETCH"):
        gather(organisation_id, OPERATOR, "http://127.0.0.1:9/feed", pool=pool)
    with organisation_context(organisation_id):
        nadia = Person.objects.get()
    with pytest.raises(Refused):
        gather(organisation_id, nadia, str(tmp_path), pool=pool)
