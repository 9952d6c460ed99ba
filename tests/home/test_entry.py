"""The reading page: the text, why me, can I rely on it, what changed; seeing it counts as opened."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.distribute.models import Acknowledgement, Delivery, LearnedExample
from headwater.gather.models import Document, Source
from headwater.library.actions import create_article, publish_article, set_library
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry, EntryUse, Kind
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.asked import MOST_QUERIES, asked_by
from tests.home.conftest import Deliver, MakeEntry, add_version

SignIn = Callable[[Person], Client]


def address(entry: Entry, query: str = "") -> str:
    return f"/o/waterworks/entries/{entry.pk}/{query}"


def test_reading_marks_the_delivery_as_opened_once(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    delivery = must_read(make_entry(), ines)
    client = sign_in(ines)
    assert client.get(address(delivery.version.entry)).status_code == 200
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.OPENED
    opened = delivery.opened_at
    client.get(address(delivery.version.entry))
    delivery.refresh_from_db()
    assert delivery.opened_at == opened
    assert EntryUse.objects.get().opened == 2


def test_a_prefetch_is_no_reading(ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn) -> None:
    delivery = must_read(make_entry(), ines)
    sign_in(ines).get(address(delivery.version.entry), headers={"Sec-Purpose": "prefetch"})
    delivery.refresh_from_db()
    assert delivery.opened_at is None


def test_the_bar_names_exactly_the_version_that_is_signed(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    delivery = must_read(make_entry(), ines, due_at=timezone.now() + timedelta(days=2))
    page = sign_in(ines).get(address(delivery.version.entry)).content.decode()
    assert "You attest exactly this text, version 1." in page
    assert f'name="checksum" value="{delivery.version.checksum}"' in page
    assert "data-sign" in page


def test_signing_from_the_page_attests_the_version(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    delivery = must_read(make_entry(), ines)
    client = sign_in(ines)
    client.get(address(delivery.version.entry))
    client.post(
        f"/o/waterworks/distribute/deliveries/{delivery.version_id}/acknowledgement/",
        {"checksum": delivery.version.checksum},
    )
    assert Acknowledgement.objects.get().version_id == delivery.version_id
    page = client.get(address(delivery.version.entry)).content.decode()
    assert "data-sign" not in page
    assert "You acknowledged it" in page


def test_nobody_is_asked_to_sign_what_was_not_sent(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    page = sign_in(ines).get(address(make_entry())).content.decode()
    assert "data-sign" not in page
    assert "Nobody sent it to you; you found it." in page


def test_changes_since_my_last_acknowledgement_come_first(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    entry = make_entry()
    first = entry.current_version
    assert first is not None
    Acknowledgement.objects.create(person=ines, version=first, checksum=first.checksum)
    add_version(entry, first.text.replace("19.0", "19.5"), summary="The limit is stricter.")
    must_read(entry, ines)
    page = sign_in(ines).get(address(entry)).content.decode()
    assert "What changed since you acknowledged version 1" in page
    assert "<ins>19.5</ins>" in page
    assert "<del>19.0</del>" in page
    assert "The limit is stricter." in page
    sides = sign_in(ines).get(address(entry, "?view=sides")).content.decode()
    assert '<table class="diff">' in sides


def test_of_very_many_changes_the_first_are_listed(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    lines = [f"Number {n} is kept in drawer {n}.\n\n" for n in range(300)]
    entry = make_entry(text="".join(lines))
    first = entry.current_version
    assert first is not None
    Acknowledgement.objects.create(person=ines, version=first, checksum=first.checksum)
    must_read(add_version(entry, "".join(line.replace("drawer", "box") for line in lines)), ines)
    for query in ("", "?view=sides"):
        page = sign_in(ines).get(address(entry, query)).content.decode()
        assert "Of 300 changes these are the first 200." in page
        assert page.count("<del>drawer</del>") == 200


def test_an_older_version_says_so(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry = add_version(make_entry(text="The old text of it."), "The new text of it.")
    client = sign_in(ines)
    old = client.get(address(entry, "?version=1")).content.decode()
    assert "This is an older version" in old
    assert "The old text of it." in old
    assert "The new text of it." in client.get(address(entry)).content.decode()
    assert client.get(address(entry, "?version=9")).status_code == 404


@pytest.mark.parametrize("change", [{"audience": None}, {"classification": 3}, {"current_version": None}])
def test_what_may_not_be_read_is_not_there(
    change: dict[str, object], ines: Person, make_entry: MakeEntry, sign_in: SignIn
) -> None:
    entry = make_entry("Secret works")
    Entry.objects.filter(pk=entry.pk).update(**change)
    answer = sign_in(ines).get(address(entry))
    assert answer.status_code == 404
    assert "Secret works" not in answer.content.decode()


def test_a_withdrawn_entry_warns(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry = make_entry()
    Entry.objects.filter(pk=entry.pk).update(withdrawn_at=timezone.now())
    assert "This was withdrawn" in sign_in(ines).get(address(entry)).content.decode()


def test_a_gathered_document_shows_its_source_and_runs_no_script(
    ines: Person, nadia: Person, readers: Audience, make_entry: MakeEntry, sign_in: SignIn
) -> None:
    source = Source.objects.create(slug="labour", name="Labour Inspectorate", kind="web", owner=nadia, grade="A")
    entry = make_entry(
        "Circular",
        "Hello <script>alert(1)</script>\n\nSecond.\n\nThe driver saw that the banksman was gone, and halted\nat once.",
        kind=Kind.GATHERED,
        origin_url="https://x.example/c",
    )
    Document.objects.create(source=source, key="c", entry=entry)
    page = sign_in(ines).get(address(entry)).content.decode()
    assert "Labour Inspectorate" in page
    assert "graded A" in page
    assert "<script>alert" not in page
    assert '<p class="as-is">Second.</p>' in page
    assert '<p class="as-is">The driver saw that the banksman was gone, and halted at once.</p>' in page


@pytest.mark.parametrize("origin", ["javascript:alert(1)", "file:///etc/passwd"])
def test_an_origin_that_is_no_web_address_is_no_link(
    origin: str, ines: Person, nadia: Person, make_entry: MakeEntry, sign_in: SignIn
) -> None:
    source = Source.objects.create(slug="s", name="S", kind="folder", owner=nadia)
    entry = make_entry(kind=Kind.GATHERED, origin_url=origin)
    Document.objects.create(source=source, key="c", entry=entry)
    assert f'href="{origin}' not in sign_in(ines).get(address(entry)).content.decode()


def _surrounded(entry: Entry, count: int, make_entry: MakeEntry, otto: Person, unit: Unit, readers: Audience) -> None:
    """Topics, near-copies, and articles that link here."""
    scheme = ConceptScheme.objects.create(slug="t", title="Topics")
    for n in range(count):
        concept = Concept.objects.create(scheme=scheme, slug=f"topic-{n}", labels={"en": f"Topic {n}"})
        entry.topic_links.create(concept=concept)
        make_entry(f"Copy {n}", copy_of=entry)
        linking = create_article(
            otto, Kind.HOW_TO, f"Linking {n}", f"See [[{entry.title}]].", unit=unit, audience=readers
        )
        publish_article(otto, linking)


@pytest.mark.parametrize("count", [1, 12])
def test_queries_do_not_grow_with_what_stands_around(
    count: int, ines: Person, otto: Person, unit: Unit, readers: Audience, make_entry: MakeEntry, sign_in: SignIn
) -> None:
    set_library(OPERATOR, needs_review=False, allows_self_approval=True)
    article = create_article(otto, Kind.PROCEDURE, "Confined", "See [[Linking 0]].", unit=unit, audience=readers)
    publish_article(otto, article)
    entry = Entry.objects.get(pk=article.entry_id)
    _surrounded(entry, count, make_entry, otto, unit, readers)
    client = sign_in(ines)
    asked = asked_by(client, address(entry))
    page = client.get(address(entry)).content.decode()
    assert page.count("Linking ") >= count
    assert f"Topic {count - 1}" in page
    assert len(asked) <= MOST_QUERIES, "\n".join(sql[:120] for sql in asked)


def test_what_links_here_and_may_not_be_read_is_not_named(
    ines: Person, otto: Person, unit: Unit, readers: Audience, make_entry: MakeEntry, sign_in: SignIn
) -> None:
    set_library(OPERATOR, needs_review=False, allows_self_approval=True)
    entry = make_entry("Shown")
    _surrounded(entry, 1, make_entry, otto, unit, readers)
    Entry.objects.exclude(pk=entry.pk).update(audience=None, owner=otto)
    page = sign_in(ines).get(address(entry)).content.decode()
    assert "Linking 0" not in page
    assert "Copy 0" not in page


# --- A text that is too long for one page ----------------------------------------------------------------------------

SECTION = "Every word of it is read. " * 200
BOOK = "".join(f"# Chapter {n}\n\nSee [the third](#chapter-3).\n\n{SECTION}\n\n" for n in range(100))


def test_a_long_text_is_read_in_parts(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry, client = make_entry("The whole file", BOOK), sign_in(ines)
    first, last = (client.get(address(entry, f"?part={n}")).content.decode() for n in (1, 99))
    assert "Part 1 of 3" in first
    assert "Part 3 of 3" in last
    assert "Chapter 0<" in first
    assert "Chapter 99<" not in first
    assert "Chapter 99<" in last
    assert len(first) < len(BOOK) / 2
    assert 'href="?part=2#text"' in first
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in last
    assert 'href="#s-chapter-3"' in first
    assert 'href="?part=1#s-chapter-3"' in last
    assert "Part 1 of" not in client.get(address(make_entry("A short one"))).content.decode()


def test_the_parts_of_an_older_version_are_its_own(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry = add_version(make_entry("The whole file", BOOK), "Short now.")
    page = sign_in(ines).get(address(entry, "?version=1&part=2")).content.decode()
    assert 'href="?version=1&amp;part=3#text"' in page
    assert 'href="?version=1&amp;part=1#s-chapter-3"' in page
    assert f'href="{address(entry)}text/?version=1"' in page


def test_the_whole_of_it_is_there_as_plain_text(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry, client = make_entry("The whole file", BOOK, audience=None), sign_in(ines)
    assert client.get(f"{address(entry)}text/").status_code == 404
    Entry.objects.filter(pk=entry.pk).update(owner=ines)
    add_version(Entry.objects.get(pk=entry.pk), "<b>New</b>")
    answers = [client.get(f"{address(entry)}text/{query}") for query in ("", "?version=1")]
    assert [answer.content.decode() for answer in answers] == ["<b>New</b>", BOOK]
    assert {answer.headers["Content-Type"] for answer in answers} == {"text/plain; charset=utf-8"}


def test_what_is_too_long_for_an_article_is_not_offered_to_be_one(
    otto: Person, nadia: Person, unit: Unit, make_entry: MakeEntry, sign_in: SignIn
) -> None:
    source = Source.objects.create(slug="s", name="S", kind="folder", owner=nadia)
    offered = []
    for text in (BOOK, "word " * 400_001):
        entry = make_entry(text=text, kind=Kind.GATHERED, unit=unit)
        Document.objects.create(source=source, key=str(entry.pk), entry=entry)
        offered.append("Make it an article" in sign_in(otto).get(address(entry)).content.decode())
    assert offered == [True, False]


def test_to_turn_a_leaf_is_not_to_open_it_once_more(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry, client = make_entry("The whole file", BOOK), sign_in(ines)
    for query in ("", "?part=2", "?part=3"):
        client.get(address(entry, query))
    assert EntryUse.objects.get().opened == 1


# --- What the reader thinks of it -------------------------------------------------------------------------------------


def test_whoever_got_it_says_after_reading_whether_it_was_useful_and_takes_it_back(
    ines: Person, make_entry: MakeEntry, bring: Deliver, sign_in: SignIn
) -> None:
    delivery, client = bring(make_entry(), ines), sign_in(ines)
    here, rating = address(delivery.version.entry), f"/o/waterworks/distribute/deliveries/{delivery.version_id}/rating/"
    assert f'formaction="{rating}"' in client.get(here).content.decode()
    for useful, pressed in (("1", "true"), ("", "false")):
        assert client.post(rating, {"useful": useful, "next": here}).headers["Location"] == here
        first = client.get(here).content.decode().partition(f'id="useful-{delivery.version_id}"')[2]
        assert f'aria-pressed="{pressed}"' in first.partition(">")[0]
    delivery.refresh_from_db()
    assert delivery.useful is None


def test_the_buttons_are_drawn_again_as_they_were_drawn(
    ines: Person, make_entry: MakeEntry, bring: Deliver, sign_in: SignIn
) -> None:
    delivery = bring(make_entry(), ines)
    rating = f"/o/waterworks/distribute/deliveries/{delivery.version_id}/rating/"
    drawn = {
        words: sign_in(ines).post(rating, {"useful": "0", **words_of}, headers={"HX-Request": "true"}).content.decode()
        for words, words_of in ((True, {"in_words": "1"}), (False, {}))
    }
    assert ["Not useful</button>" in drawn[words] for words in (True, False)] == [True, False]
    assert all('aria-pressed="true"' in page for page in drawn.values())


def test_what_nobody_sent_is_an_example_and_not_rated(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    entry, client = make_entry(), sign_in(ines)
    page = client.get(address(entry)).content.decode()
    assert "More like this" in page
    assert "/rating/" not in page
    client.post("/o/waterworks/distribute/learning/change/", {"do": "more", "entry": entry.pk})
    assert LearnedExample.objects.get().entry == entry


def test_what_is_gone_is_neither_rated_nor_an_example(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    page = sign_in(ines).get(address(make_entry(withdrawn_at=timezone.now()))).content.decode()
    assert "More like this" not in page
