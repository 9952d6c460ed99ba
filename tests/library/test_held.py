"""What the library holds about a person, and what it forgets."""

from headwater.library import held
from headwater.library.actions import add_contributor, autosave_draft, give_feedback, save_article, verify_article
from headwater.library.models import Article, Contributor, Draft, Feedback
from headwater.people.models import Person


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
