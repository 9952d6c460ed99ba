"""Every visible string goes through gettext: in a pseudo-language each one comes out in brackets."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from lxml import html

from headwater.core.display import dates
from headwater.core.models import Organisation, User
from headwater.core.wall import organisation_context
from headwater.people.models import Grant, Permission, Person
from tests.doors.filling import fill
from tests.doors.test_wall import filled, pages

DATA = "Quetzal"
# Names, codes, values as an export has them, and formats that are the same in every language.
SAME_EVERYWHERE = re.compile(
    r"\b(reader|contributor|expert|steward|knowledge_manager|executive|administrator|read|everyone)\b|Headwater|CSV|SHA-256|SKOS|Markdown|HTML|PDF|JSON|API|OpenAPI|URL|IMAP|RSS|Atom|UTC|Ctrl|Enter|Esc|Shift|Everything|"
    r"\b(AND|OR|NOT|NEAR)\b|\b(min|h|d|s|ms|KB|MB|GB|B|am|pm|a\.m\.|p\.m\.)\b|https?://\S+|[\w.]+@[\w.]+|All|Theirs|Ours"
)


# Pages that show rows as they are kept, in the words of the export.
VALUES_AS_KEPT = {"people/me/held/"}


def bracketed(function: Callable[..., str]) -> Callable[..., str]:
    return lambda *args: f"⟦{function(*args)}⟧" if args[0] and str(args[0]).strip() else function(*args)


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which every translated string stands in brackets."""
    functions = translation._trans  # type: ignore[attr-defined]
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        monkeypatch.setattr(functions, name, bracketed(getattr(functions, name)))
    for kept in (dates._element, dates._due_element):  # moments in the words that other tests have put them in
        monkeypatch.setattr(dates, kept.__name__, kept.__wrapped__)


def texts(page: bytes) -> Iterator[str]:
    """Everything a person reads or hears on a page, in order."""
    document = html.document_fromstring(page.decode().replace("<wbr>", ""))  # a place to break a line is no word
    for places in document.xpath("//select[@name='timezone']"):  # time zones are called by their places
        places.clear()
    for element in document.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style"):
            yield element.tail or ""
            continue
        for name in ("aria-label", "placeholder", "title", "alt"):
            yield element.get(name, "")
        if element.tag not in ("code", "textarea", "kbd"):
            yield element.text or ""
        yield element.tail or ""


def untranslated(page: bytes) -> list[str]:
    """The words outside brackets that are neither data nor the same everywhere."""
    depth, outside = 0, []
    for text in texts(page):
        kept = ""
        for letter in text:
            depth += (letter == "⟦") - (letter == "⟧")
            if depth == 0 and letter != "⟧":
                kept += letter
        outside.append(kept)
    rest = (SAME_EVERYWHERE.sub("", text) for text in outside if DATA.lower() not in text.lower())
    return [text.strip() for text in rest if re.search(r"[A-Za-z]{3,}", text)]


@pytest.fixture
def reader(committed: None) -> tuple[Client, dict[str, Any]]:
    """A browser of somebody with every permission, in an organisation with one row of everything."""
    organisation = Organisation.objects.create(slug="ours", name=DATA)
    rows = fill(organisation, DATA)
    user = User.objects.create_user("reader@example.org")
    with organisation_context(organisation.pk):
        Person.objects.filter(pk=rows["people.Person"].pk).update(user=user, clearance=3, timezone="UTC", language="en")
        Grant.objects.all().delete()
        for permission in Permission.values:
            Grant.objects.create(person=rows["people.Person"], permission=permission)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client, rows


def test_every_page_speaks_through_gettext(reader: tuple[Client, dict[str, Any]], pseudo: None) -> None:
    client, rows = reader
    ids = {row.pk for row in rows.values()}
    faults = {}
    seen = 0
    for _room, path, pattern in pages():
        if path in VALUES_AS_KEPT:
            continue
        for number in sorted(ids) if "<int:" in path else [1]:
            answer = client.get(f"/o/ours/{filled(path, pattern, number)}")
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html") and answer.content:
                seen += 1
                if found := untranslated(answer.content):
                    faults[path] = found[:8]
                break
    assert seen > 30
    assert faults == {}, "\n".join(f"{page}: {found}" for page, found in faults.items())
