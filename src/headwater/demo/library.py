"""The ministry's articles, each written, reviewed, published, checked and reported on at its time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from headwater.core.models import Classification
from headwater.demo.cast import Cast
from headwater.demo.content import WrittenArticle, WrittenRevision
from headwater.demo.story import Step
from headwater.library import actions
from headwater.library.models import Article, Feedback, Review
from headwater.people.models import Person
from headwater.search.models import Kind


def library_steps(cast: Cast) -> list[Step]:
    """Everything that happened to every article."""
    return [step for written in cast.ministry.articles for step in _Life(cast, written).steps()]


class _Life:
    """One article's life, as steps that can be sorted among those of the others."""

    def __init__(self, cast: Cast, written: WrittenArticle) -> None:
        self.cast, self.written, self.head = cast, written, written.head
        self.owner = cast.people[self.head["owner"]]
        self.article: Article | None = None

    def steps(self) -> list[Step]:
        """Everything that happened to it, each at its moment."""
        steps = [self._step(one.days_ago, 0, partial(self.revise, one)) for one in self.written.revisions]
        if check := self.head.get("verified"):
            steps.append(self._step(check["days_ago"], 1, partial(self.verify, check)))
        newest = self.written.revisions[-1].days_ago
        for row in self.head.get("feedback", ()):
            given: list[Feedback] = []
            steps.append(self._step(row["days_ago"], 2, partial(self.report, row, given)))
            if row.get("state") == "fixed":
                steps.append(self._step(min(newest, row["days_ago"]), 3, partial(self.settle, row, given)))
        return steps

    def _step(self, days_ago: float, order: int, happen: Callable[[], Any]) -> Step:
        return Step(self.cast.ministry.calendar.ago(days=days_ago), order, happen)

    def revise(self, revision: WrittenRevision) -> None:
        """Somebody writes; others review; the owner publishes."""
        author = self.cast.people[revision.by]
        if self.article is None:
            self._create(author, revision)
        else:
            self._save(author, revision)
        if self._stays_a_draft(revision):
            return
        article = self._fresh()
        actions.submit_revision(author, article, self.cast.named(list(revision.reviewed_by)))
        if self.head.get("state") == "review":
            return
        for review in Review.objects.filter(revision=article.latest):
            actions.decide_review(review.reviewer, review, approved=True)
        actions.publish_article(self.owner, article, summary=revision.summary)

    def verify(self, check: dict[str, Any]) -> None:
        """A named person vouches for the text as it stands."""
        article = self._fresh()
        verifier = self.cast.people[check["by"]]
        actions.describe_article(self.owner, article, verifier=verifier)
        version = article.entry.current_version
        assert version is not None
        actions.verify_article(verifier, article, version, check["evidence"], every_days=self.head["interval_days"])

    def report(self, row: dict[str, Any], given: list[Feedback]) -> None:
        """A reader says that it helped, or that something is wrong or unclear."""
        entry = self._fresh().entry
        kind = Feedback.Kind(row["kind"])
        reader = self.cast.people[row["by"]]
        given.append(actions.give_feedback(reader, entry, kind, row["text"], disputes=row.get("disputes", False)))

    def settle(self, row: dict[str, Any], given: list[Feedback]) -> None:
        """The owner answers the report."""
        feedback = Feedback.objects.get(pk=given[0].pk)
        actions.settle_feedback(self.owner, feedback, Feedback.State.FIXED, row["answer"])

    def _create(self, author: Person, revision: WrittenRevision) -> None:
        self.article = actions.create_article(
            author,
            kind=Kind(self.head["kind"]),
            title=self.head["title"],
            body=revision.body,
            unit=self.cast.units[self.head["unit"]],
            audience=self.cast.audiences[self.head["audience"]],
            classification=Classification[self.head["classification"].upper()],
            reference=self.head["reference"],
            language=self.head.get("language", "en"),
            owner=self.owner,
        )
        actions.set_article_topics(self.owner, self.article, [self.cast.topics[slug] for slug in self.head["topics"]])
        self.cast.articles[self.written.reference] = self.article.entry

    def _save(self, author: Person, revision: WrittenRevision) -> None:
        article = self._fresh()
        assert article.latest is not None
        if author.pk != article.entry.owner_id:
            actions.add_contributor(self.owner, article, author)
        actions.save_article(author, article, self.head["title"], revision.body, article.latest, revision.summary)

    def _stays_a_draft(self, revision: WrittenRevision) -> bool:
        return self.head.get("state") == "draft" and revision is self.written.revisions[-1]

    def _fresh(self) -> Article:
        assert self.article is not None
        return Article.objects.select_related("entry__current_version", "latest").get(pk=self.article.pk)
