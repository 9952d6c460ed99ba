"""The library's API: an operation for each verb, the refusals of the actions, drafts for nobody else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.core.actions import REGISTRY
from headwater.core.addresses import organisation_slug
from headwater.core.secret import digest
from headwater.library import actions
from headwater.library.api import router
from headwater.library.models import Article, Feedback, Review, Revision
from headwater.people.models import ApiToken, Audience, Person, Unit
from headwater.search.models import Entry, Kind
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.library.conftest import BODY

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(organisation: object) -> Call:
    """Call the library's API as a person with a token that may write."""

    def call(person: Person, method: str, path: str, body: Any = None, **files: Any) -> tuple[int, Any]:
        token = f"token-{person.pk}"
        ApiToken.objects.get_or_create(
            digest=digest(token), defaults={"person": person, "name": "t", "scope": ApiToken.Scope.WRITE}
        )
        url = f"/o/{organisation_slug()}/api/v1/library{path}"
        headers = {"Authorization": f"Bearer {token}"}
        if files:
            response = Client().post(url, files, headers=headers)
        else:
            data = json.dumps({} if body is None else body)
            response = Client().generic(
                method, url, data if method != "GET" else "", content_type="application/json", headers=headers
            )
        return response.status_code, json.loads(response.content) if response.content else None

    return call


def test_every_verb_of_the_library_has_an_operation() -> None:
    verbs = {name for name, verb in REGISTRY.items() if verb.__module__.startswith("headwater.library")}
    operations = {operation.operation_id for view in router.path_operations.values() for operation in view.operations}
    assert verbs == set(actions.__all__)
    assert verbs <= operations


def test_an_articles_whole_life(
    call: Call, cast: Audience, otto: Person, hadia: Person, ines: Person, nadia: Person, unit: Unit
) -> None:
    given = {"kind": "procedure", "title": "Confined spaces", "body": BODY, "unit": "drainage", "audience": "everyone"}
    status, made = call(otto, "POST", "/articles", given)
    assert (status, made["state"], made["published"]) == (201, "draft", False)
    url = f"/articles/{made['id']}"
    assert call(ines, "GET", url)[0] == 404
    assert call(otto, "PUT", f"{url}/draft", {"title": "T", "body": "typing", "based_on": 1})[1]["body"] == "typing"
    assert call(otto, "DELETE", f"{url}/draft")[0] == 204
    status, saved = call(otto, "POST", f"{url}/revisions", {"title": "Confined spaces", "body": "Test.", "based_on": 1})
    assert (status, saved["number"], saved["is_aside"]) == (201, 2, False)
    assert call(otto, "POST", f"{url}/submission", {"reviewers": [hadia.pk]})[1]["state"] == "review"
    assert call(otto, "POST", f"{url}/reviews", {"reviewer": nadia.pk})[0] == 201
    for review in Review.objects.all():
        assert (
            call(review.reviewer, "POST", f"/reviews/{review.pk}/decision", {"approved": True})[1]["outcome"]
            == "approved"
        )
    status, version = call(otto, "POST", f"{url}/publication", {})
    assert (status, version["number"]) == (201, 1)
    assert call(ines, "GET", url)[1]["published"] is True
    status, word = call(hadia, "POST", f"{url}/verifications", {"version": 1, "evidence": "Walked the site with them"})
    assert (status, word["person_id"]) == (201, hadia.pk)
    assert call(otto, "POST", f"{url}/archive")[1]["state"] == "archived"
    assert call(otto, "POST", f"{url}/reopening")[1]["state"] == "published"
    assert call(otto, "POST", f"{url}/trash")[1]["trashed_at"] is not None
    assert call(otto, "GET", "/articles?trashed=true")[1]["count"] == 1
    assert call(otto, "DELETE", url)[0] == 403
    assert call(otto, "POST", f"{url}/restoration")[1]["trashed_at"] is None


def test_two_who_save_at_once(call: Call, draft: Article, otto: Person, hadia: Person) -> None:
    url = f"/articles/{draft.pk}"
    call(hadia, "POST", f"{url}/revisions", {"title": "T", "body": "Hers", "based_on": 1})
    his = call(otto, "POST", f"{url}/revisions", {"title": "T", "body": "His", "based_on": 1})[1]
    assert his["is_aside"]
    assert call(otto, "POST", f"/asides/{his['id']}/merge", {"title": "T", "body": "Both", "based_on": 2})[0] == 201
    other = call(otto, "POST", f"{url}/revisions", {"title": "T", "body": "Again", "based_on": 1})[1]
    assert call(otto, "DELETE", f"/asides/{other['id']}")[1]["settled"] is True
    listed = call(otto, "GET", f"{url}/revisions")[1]
    assert [one["number"] for one in listed["items"]] == [5, 4, 3, 2, 1]


def test_what_stands_around(
    call: Call, article: Article, otto: Person, hadia: Person, ines: Person, nadia: Person
) -> None:
    scheme = ConceptScheme.objects.create(slug="s", title="S")
    for slug in ("gas", "air", "dust"):
        Concept.objects.create(scheme=scheme, slug=slug, labels={"en": slug})
    url = f"/articles/{article.pk}"
    assert call(otto, "PATCH", url, {"kind": "policy", "verify_every_days": 30})[1]["kind"] == "policy"
    assert call(otto, "PUT", f"{url}/verifier", {"person": hadia.pk})[1]["verifier_id"] == hadia.pk
    assert call(otto, "PUT", f"{url}/topics", {"topics": ["gas"]})[0] == 200
    air = call(ines, "POST", f"/entries/{article.entry_id}/topics", {"topic": "air"})[1]
    dust = call(ines, "POST", f"/entries/{article.entry_id}/topics", {"topic": "dust"})[1]
    assert call(ines, "POST", f"/topics/{air['id']}/acceptance")[0] == 403
    assert call(otto, "POST", f"/topics/{air['id']}/acceptance")[1]["proposed"] is False
    assert call(otto, "POST", f"/topics/{dust['id']}/refusal")[0] == 204
    assert call(otto, "POST", f"{url}/contributors", {"person": ines.pk})[0] == 201
    assert call(otto, "DELETE", f"{url}/contributors/{ines.pk}")[0] == 204
    assert call(otto, "PUT", f"{url}/sharing", {"audience": None, "classification": 1})[1]["audience_id"] is None
    assert call(ines, "GET", url)[0] == 404
    assert call(otto, "PUT", f"{url}/owner", {"person": hadia.pk})[1]["owner_id"] == hadia.pk
    assert (
        call(nadia, "PUT", "/settings", {"needs_review": True, "allows_self_approval": False, "verify_every_days": 90})[
            0
        ]
        == 200
    )
    assert call(nadia, "GET", "/settings")[1]["verify_every_days"] == 90
    assert call(ines, "GET", "/settings")[0] == 403


def test_reports(call: Call, article: Article, ines: Person, otto: Person) -> None:
    status, report = call(ines, "POST", f"/entries/{article.entry_id}/feedback", {"kind": "error", "text": "Wrong"})
    assert (status, report["version"]) == (201, 1)
    assert call(ines, "GET", "/reports")[1]["count"] == 0
    assert call(otto, "GET", "/reports")[1]["items"][0]["id"] == report["id"]
    assert call(ines, "POST", f"/reports/{report['id']}/dispute")[0] == 403
    assert call(otto, "POST", f"/reports/{report['id']}/dispute")[1]["disputes"] is True
    answer = {"outcome": "fixed", "answer": "Done"}
    assert call(otto, "POST", f"/reports/{report['id']}/settlement", answer)[1]["state"] == "fixed"
    assert call(otto, "POST", f"/reports/{report['id']}/settlement", answer)[0] == 400


def test_files(call: Call, draft: Article, otto: Person, ines: Person) -> None:
    status, file = call(
        otto, "POST", f"/articles/{draft.pk}/attachments", file=SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n")
    )
    assert (status, file["mime"], file["markdown"]) == (201, "image/png", f"![a.png](attachment:{file['id']})")
    assert call(ines, "DELETE", f"/attachments/{file['id']}")[0] == 404
    assert call(otto, "DELETE", f"/attachments/{file['id']}")[0] == 204


def test_capture(call: Call, article: Article, otto: Person, ines: Person) -> None:
    version = article.entry.current_version
    assert version is not None
    assert call(ines, "POST", f"/versions/{version.pk}/capture", {})[0] == 403
    assert call(otto, "POST", f"/versions/{version.pk}/capture", {"kind": "faq"})[1]["captured_from_id"] == version.pk


def test_bad_values_name_their_field(call: Call, draft: Article, otto: Person) -> None:
    status, answer = call(otto, "POST", f"/articles/{draft.pk}/revisions", {"title": "", "body": "x", "based_on": 1})
    assert (status, answer["field"]) == (400, "title")
    assert call(otto, "POST", f"/articles/{draft.pk}/revisions", {"title": "T", "body": "x", "based_on": 9})[0] == 422
    assert call(otto, "POST", "/articles", {"kind": "gathered", "title": "T"})[0] == 422


def test_readers_hear_nothing_of_drafts(call: Call, article: Article, otto: Person, ines: Person) -> None:
    assert article.latest is not None
    actions.save_article(otto, article, "Secret title", "Secret text", article.latest)
    url = f"/articles/{article.pk}"
    seen = call(ines, "GET", url)[1]
    assert (seen["state"], seen["latest_revision"], seen["title"]) == ("published", 1, "Confined spaces")
    assert [one["number"] for one in call(ines, "GET", f"{url}/revisions")[1]["items"]] == [1]
    assert "Secret" not in json.dumps(call(ines, "GET", "/articles")[1])
    for method, path, body in (
        ("POST", f"{url}/revisions", {"title": "T", "body": "x", "based_on": 1}),
        ("PUT", f"{url}/draft", {"title": "T", "body": "x", "based_on": 1}),
        ("POST", f"{url}/publication", {}),
        ("POST", f"{url}/trash", {}),
        ("PATCH", url, {"kind": "faq"}),
    ):
        assert call(ines, method, path, body)[0] == 403
    assert not Revision.objects.filter(body="x").exists()


def test_a_list_sends_as_many_queries_for_thirty_rows_as_for_one(
    call: Call, otto: Person, unit: Unit, unreviewed: None
) -> None:
    def count(path: str) -> int:
        call(otto, "GET", path)
        with CaptureQueriesContext(connection) as captured:
            assert call(otto, "GET", path)[0] == 200
        return len(captured)

    def fill(number: int) -> None:
        for _each in range(number):
            article = actions.create_article(otto, Kind.FAQ, "Pumps", "x", unit=unit)
            actions.publish_article(otto, article)
            actions.give_feedback(otto, Entry.objects.get(pk=article.entry_id), Feedback.Kind.ERROR, "Wrong")

    fill(1)
    before = [count("/articles"), count("/reports")]
    fill(29)
    assert [count("/articles"), count("/reports")] == before
    assert max(before) <= 15
