"""What the library holds about a person, and what it forgets."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.library import held
from headwater.library.actions import add_contributor, autosave_draft, give_feedback, save_article, verify_article
from headwater.library.models import Article, Contributor, Draft, Feedback
from headwater.people import held as people_held
from headwater.people.models import Person
from headwater.people.notices import tell
from headwater.search.models import Entry

MATTERS = ("owner", "reviewed", "contributor", "verify", "review", "answer", "feedback", "topics")


def test_notices_about_what_is_closed_now_tell_no_title(article: Article, ines: Person, otto: Person) -> None:
    """However many there are, at the same price."""
    word = give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong")
    latest = article.latest
    assert latest is not None
    ids = {"review": latest.pk, "answer": word.pk, "feedback": word.pk, "topics": article.entry_id}
    for matter in MATTERS:
        tell(ines, f"Confined spaces: {matter}", "/x", f"{matter}:{ids.get(matter, article.pk)}")
    tell(ines, "Your import is done", "/x", "import:7")
    tell(ines, "Of another kind", "/x", "community-request:1:2")

    def said() -> list[str]:
        return sorted(row["text"] for row in people_held.of_person(ines)["notices"])

    own = ["Of another kind", "Your import is done"]
    assert said() == sorted([*(f"Confined spaces: {matter}" for matter in MATTERS), *own])
    Entry.objects.update(audience=None, owner=otto)
    assert said() == sorted([*["no longer open to you"] * len(MATTERS), *own])
    with CaptureQueriesContext(connection) as few:
        people_held.of_person(ines)
    for number in range(30):
        for matter in MATTERS:
            tell(ines, "More", "/x", f"{matter}:{9_000 + number}")
    with CaptureQueriesContext(connection) as many:
        people_held.of_person(ines)
    assert len(few) == len(many)


def test_everything_of_a_person_is_listed_and_what_was_theirs_alone_is_forgotten(
    article: Article, otto: Person, ines: Person, hadia: Person
) -> None:
    version = article.entry.current_version
    assert version is not None
    assert article.latest is not None
    add_contributor(otto, article, ines)
    saved = save_article(ines, article, "T", "By Ines", article.latest)
    autosave_draft(ines, article, "T", "half a thought", saved)
    give_feedback(ines, article.entry, Feedback.Kind.HELPFUL)
    give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong")
    verify_article(hadia, article, version, "Walked the site with them")
    mine = held.of_person(ines)
    assert [len(mine[name]) for name in ("contributes_to", "revisions", "drafts", "feedback", "verifications")] == [
        1,
        1,
        1,
        2,
        0,
    ]
    assert held.of_person(hadia)["verifications"][0]["evidence"] == "Walked the site with them"
    assert held.of_person(otto)["articles_begun"][0]["title"] == "Confined spaces"
    held.forget(ines)
    assert not Draft.objects.exists()
    assert not Contributor.objects.exists()
    assert [one.text for one in Feedback.objects.all()] == ["Wrong"]
    assert article.revisions.filter(author=ines).exists()
