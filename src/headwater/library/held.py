"""What the library holds about a person, and what it forgets when somebody is erased."""

from typing import Any

from django.db.models import F

from headwater.library.models import Article, Attachment, Contributor, Draft, Feedback, Review, Revision, Verification
from headwater.people.models import Person


def of_person(person: Person) -> dict[str, Any]:
    """Texts, drafts, words on others' texts, files: plain values."""
    return {
        "articles_begun": list(_titled(Article.objects.filter(author=person)).values("title", "state", "created_at")),
        "articles_to_verify": list(_titled(Article.objects.filter(verifier=person)).values("title", "verify_due_on")),
        "contributes_to": list(
            Contributor.objects.filter(person=person).values_list("article__entry__title", flat=True)
        ),
        "revisions": list(
            Revision.objects.filter(author=person).values("title", "number", "summary", "body", "created_at")
        ),
        "drafts": list(Draft.objects.filter(person=person).values("title", "body", "saved_at")),
        "reviews": list(
            Review.objects.filter(reviewer=person).values(
                "revision__title", "outcome", "comment", "asked_at", "decided_at"
            )
        ),
        "verifications": list(
            Verification.objects.filter(person=person).values("version__title", "version__number", "evidence", "at")
        ),
        "feedback": list(
            Feedback.objects.filter(person=person).values("entry__title", "kind", "text", "state", "answer", "at")
        ),
        "reports_settled": list(
            Feedback.objects.filter(settled_by=person).values("entry__title", "state", "answer", "settled_at")
        ),
        "files_added": list(Attachment.objects.filter(added_by=person).values("name", "size", "added_at")),
        "put_in_the_trash": list(_titled(Article.objects.filter(trashed_by=person)).values("title", "trashed_at")),
    }


def _titled(articles: Any) -> Any:
    return articles.annotate(title=F("entry__title"))


def forget(person: Person) -> None:
    """Remove what was theirs alone: unsaved drafts, votes, the right to write. Texts and given words are records."""
    Draft.objects.filter(person=person).delete()
    Contributor.objects.filter(person=person).delete()
    Feedback.objects.filter(person=person, kind__in=(Feedback.Kind.HELPFUL, Feedback.Kind.UNHELPFUL), text="").delete()
