"""What the library holds about a person, and what it forgets when somebody is erased."""

from typing import Any

from django.db.models import F, QuerySet

from headwater.library.models import Article, Attachment, Contributor, Draft, Feedback, Review, Revision, Verification
from headwater.people.listing import ListsAbout
from headwater.people.models import Person
from headwater.people.reading import Reader
from headwater.search.models import Entry
from headwater.search.titles import told, without_closed


def of_person(person: Person) -> dict[str, Any]:
    """Texts, drafts, words on others' texts, files: plain values."""
    return without_closed(_lists.of(person))


def _queries(person: Reader) -> dict[str, QuerySet[Any, Any]]:
    return {
        "articles_begun": _articles(person, Article.objects.filter(author=person.pk), "state", "created_at"),
        "articles_to_verify": _articles(person, Article.objects.filter(verifier=person.pk), "verify_due_on"),
        "contributes_to": told(
            person, Contributor.objects.filter(person=person.pk), "article__entry", "article__entry__title"
        ),
        # One's own words, and so are drafts.
        "revisions": Revision.objects.filter(author=person.pk).values(
            "title", "number", "summary", "body", "created_at"
        ),
        "drafts": Draft.objects.filter(person=person.pk).values("title", "body", "saved_at"),
        "reviews": told(
            person,
            Review.objects.filter(reviewer=person.pk),
            "revision__article__entry",
            *("revision__title", "outcome", "comment", "asked_at", "decided_at"),
        ),
        "verifications": told(
            person,
            Verification.objects.filter(person=person.pk),
            "version__entry",
            *("version__title", "version__number", "evidence", "at"),
        ),
        "feedback": told(
            person,
            Feedback.objects.filter(person=person.pk),
            "entry",
            *("entry__title", "kind", "text", "state", "answer", "at"),
        ),
        "reports_settled": told(
            person,
            Feedback.objects.filter(settled_by=person.pk),
            "entry",
            *("entry__title", "state", "answer", "settled_at"),
        ),
        "files_added": Attachment.objects.filter(added_by=person.pk).values("name", "size", "added_at"),
        "put_in_the_trash": _articles(person, Article.objects.filter(trashed_by=person.pk), "trashed_at"),
    }


_lists = ListsAbout(_queries)


def open_matters(reader: Reader) -> dict[str, QuerySet[Any]]:
    """Of what notices are about, the articles, words on texts and topics whose text the reader may read."""
    readable = Entry.objects.readable_by(reader)
    articles = Article.objects.visible_to(reader)
    reports = Feedback.objects.filter(entry__in=readable.values("pk"))
    rows: dict[str, QuerySet[Any]] = dict.fromkeys(("owner", "reviewed", "contributor", "verify"), articles)
    revisions = Revision.objects.filter(article__in=articles.values("pk"))
    return rows | {"answer": reports, "feedback": reports, "topics": readable, "review": revisions}


def _articles(person: Reader, articles: QuerySet[Article], *fields: str) -> QuerySet[Any, Any]:
    return told(person, articles.annotate(title=F("entry__title")), "entry", "title", *fields)


def forget(person: Person) -> None:
    """Remove what was theirs alone: unsaved drafts, votes, the right to write. Texts and given words are records."""
    Draft.objects.filter(person=person).delete()
    Contributor.objects.filter(person=person).delete()
    Feedback.objects.filter(person=person, kind__in=(Feedback.Kind.HELPFUL, Feedback.Kind.UNHELPFUL), text="").delete()
