"""What is typed into an address or a form is never a fault of ours: on each page that reads a number or a moment."""

from collections.abc import Callable

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils.http import urlencode

from headwater.core.models import Classification
from headwater.distribute.models import Delivery, InterestProfile, LearnedInterest
from headwater.gather.models import InformationNeed, Source
from headwater.library.actions import create_article
from headwater.people.models import Audience, Community, Permission, Person
from headwater.search.models import Kind, SearchGap
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version

ROOT = "/o/waterworks/"
NUMBERS = ("9" * 18, "9" * 30, "9" * 5_000, "²")
MOMENTS = (
    "2024-13-45T00:00:00+00:00",
    "2024-01-01T00:00:00+99:00",
    "0001-01-01T00:00:00+14:00",
    "2024-01-01",
    "9" * 5_000,
)
ANSWERS = {200, 302, 400, 404}  # the page as though nothing had been typed, or a refusal in words

LOOKED_AT = [
    ("", "page"),
    ("library/", "page"),
    ("library/articles/{article}/revisions/", "old new"),
    ("search/", "limit"),
    ("search/gaps/", "page"),
    ("entries/{entry}/", "version"),
    ("cockpit/", "days"),
    ("cockpit/delivered/", "unit"),
    ("cockpit/delivered/", "topic"),
    ("cockpit/delivered/", "days page"),
    ("gather/sources/{source}/documents/", "page day"),
    ("gather/needs/", "page"),
    ("people/", "page"),
    ("people/offered/", "without"),
    ("people/units/new/", "parent"),
    ("people/invitations/", "page"),
    ("distribute/inbox/", "after"),
    ("distribute/inbox/", "before"),
    ("distribute/profiles/preview/", "profile"),
    ("distribute/profiles/new/", "audience"),
    ("distribute/learning/", "find word strength"),
    ("distribute/learning/effect/", "word strength"),
    ("distribute/directives/new/", "entry"),
    ("distribute/directives/reach/", "audience"),
    ("distribute/directives/reach/", "entry"),
    ("distribute/proof/", "page days"),
    ("distribute/proof/overdue/", "page"),
    ("distribute/proof/overdue/", "unit"),
    ("distribute/proof/overdue/", "directive"),
    ("distribute/proof/load/", "days"),
    ("distribute/proof/audit/", "page"),
    ("distribute/proof/audit/", "person"),
    ("distribute/versions/{version}/chain/", "page"),
    ("distribute/matching/", "page"),
    ("distribute/forecasts/new/", "article"),
    ("distribute/forecasts/new/", "entry"),
    ("distribute/quiet/", "unit"),
    ("distribute/quiet/", "days page"),
]
POSTED: list[tuple[str, str, dict[str, str]]] = [
    ("library/articles/{article}/edit/", "based_on", {"title": "Drains", "body": "Cleared"}),
    ("search/gaps/{gap}/", "entry", {"do": "answer"}),
    ("gather/needs/{need}/sources/", "source", {}),
    ("people/invitations/", "person", {}),
    ("people/communities/{community}/members/", "person", {}),
    ("people/communities/{community}/members/", "person", {"what": "leave"}),
    ("people/audiences/rule/", "op", {}),
    ("people/audiences/rule/", "condition", {"op": "add"}),
    ("people/audiences/rule/", "rule_text", {}),
    ("distribute/inbox/reading/", "delivery", {}),
    ("distribute/learning/change/", "entry", {"do": "more"}),
    ("distribute/learning/change/", "entry", {"do": "remove"}),
    ("distribute/directives/new/", "audience", {}),
    ("distribute/directives/new/", "entry", {}),
    ("distribute/directives/deadline/", "due_at due_days pick", {}),
    ("distribute/directives/ladder/", "remind_days", {"tell_head_after_days": "2"}),
    ("distribute/forecasts/new/", "audience classification", {"title": "Pumps", "text": "pump"}),
]


@pytest.fixture
def noor(everyone: Audience) -> Person:
    """Somebody whom every page is open to."""
    noor = make_person("Noor", *Permission.values, clearance=Classification.CONFIDENTIAL)
    enrol(everyone)
    return noor


@pytest.fixture
def rows(noor: Person, everyone: Audience) -> dict[str, int]:
    """One of each that the pages are about, with something to show."""
    version = make_version("Pumps", "How a pump is primed.", everyone, noor)
    Delivery.objects.create(person=noor, version=version, push="digest")
    profile = InterestProfile.objects.create(person=noor, name="Learned", query="")
    LearnedInterest.objects.create(person=noor, profile=profile, terms=[["pump", 1.0]])
    return {
        "version": version.pk,
        "entry": version.entry_id,
        "article": create_article(noor, Kind.PROCEDURE, "Drains", "How a drain is cleared.").pk,
        "source": Source.objects.create(name="Files", slug="files", kind="upload", owner=noor).pk,
        "need": InformationNeed.objects.create(question="How deep?", owner=noor).pk,
        "gap": SearchGap.objects.create(query="weir", language="en").pk,
        "community": Community.objects.create(name="Pumps", slug="pumps").pk,
    }


def test_no_number_in_an_address_is_a_fault(
    noor: Person, rows: dict[str, int], sign_in: Callable[[Person], Client]
) -> None:
    browser = sign_in(noor)
    browser.raise_request_exception = False
    for page, fields in LOOKED_AT:
        for typed in NUMBERS:
            answer = browser.get(ROOT + page.format(**rows), dict.fromkeys(fields.split(), typed))
            assert answer.status_code in ANSWERS, (page, fields, typed[:40], answer.status_code)


def test_no_number_in_a_form_is_a_fault(
    noor: Person, rows: dict[str, int], sign_in: Callable[[Person], Client]
) -> None:
    browser = sign_in(noor)
    browser.raise_request_exception = False
    for page, fields, besides in POSTED:
        for typed in NUMBERS:
            answer = browser.post(ROOT + page.format(**rows), {**besides, **dict.fromkeys(fields.split(), typed)})
            assert answer.status_code in ANSWERS, (page, fields, typed[:40], answer.status_code)


@pytest.mark.parametrize("typed", MOMENTS)
def test_no_moment_is_a_fault(noor: Person, sign_in: Callable[[Person], Client], typed: str) -> None:
    """Of what was marked as read in one go, nothing is taken back by a moment that never was."""
    answer = sign_in(noor).post(f"{ROOT}distribute/inbox/unread/?{urlencode({'at': typed})}")
    assert answer.headers["Location"] == f"{ROOT}distribute/inbox/"
    assert not list(get_messages(answer.wsgi_request))
