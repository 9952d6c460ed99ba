"""What the page where articles are read shows of the library, and to whom."""

from collections.abc import Callable

from django.test import Client
from django.utils import timezone

from headwater.core.addresses import address
from headwater.library.actions import attach_file, capture_document, publish_article, restore_article, trash_article
from headwater.library.models import Article
from headwater.people.models import Audience, Person, Unit
from headwater.search.actions import publish_version
from headwater.search.models import Entry, Kind
from tests.library.conftest import Publish

SignIn = Callable[[Person], Client]


def page(client: Client, article: Article) -> str:
    response = client.get(address("home:entry", pk=article.entry_id))
    return response.content.decode() if response.status_code == 200 else ""


def test_what_lies_in_the_trash_is_not_read(article: Article, otto: Person, ines: Person, sign_in: SignIn) -> None:
    client = sign_in(ines)
    assert "Test the air." in page(client, article)
    trash_article(otto, article)
    assert page(client, article) == ""
    restore_article(otto, article)
    assert "Test the air." in page(client, article)


def test_files_are_offered_once_they_came_out(
    article: Article, otto: Person, ines: Person, publish: Publish, sign_in: SignIn
) -> None:
    client = sign_in(ines)
    file = attach_file(otto, article, "permit.docx", b"PK permit")
    assert "permit.docx" not in page(client, article)
    publish(article, "See the form.")
    assert address("library:attachment", pk=file.pk) in page(client, article)


def test_the_document_it_came_from_is_named_to_those_who_may_read_it(
    otto: Person, ines: Person, unit: Unit, cast: Audience, unreviewed: None, sign_in: SignIn
) -> None:
    document = Entry.objects.create(kind=Kind.GATHERED, title="Circular 31", owner=otto, audience=cast)
    origin = publish_version(
        document, title="Circular 31", text="x", language="en", author="", published_at=timezone.now()
    )
    assert origin is not None
    article = capture_document(otto, origin, Kind.PROCEDURE, title="Air")
    publish_article(otto, article)
    assert "Circular 31" in page(sign_in(ines), article)
    document.audience = None
    document.save()
    assert "Circular 31" not in page(sign_in(ines), article)
    assert "Circular 31" in page(sign_in(otto), article)
