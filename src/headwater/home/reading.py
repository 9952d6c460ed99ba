"""The page on which an entry is read; seeing it, signed in, is what counts as opened."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headwater.core.addresses import address
from headwater.core.typed import read_number
from headwater.distribute.actions import open_delivery
from headwater.home.entry import Reading, open_reading
from headwater.home.rail import DISTRIBUTING, PROVING, may_go
from headwater.library import rules
from headwater.library.actions.writing import BODY_LENGTH
from headwater.library.models import Article
from headwater.people.models import Permission, Person
from headwater.people.request import Request
from headwater.search.actions import count_use


@require_GET
def show_entry(request: Request, pk: int) -> HttpResponse:
    """Read, trust, sign."""
    reading = _reading(request, pk)
    _note_opened(request, reading)
    context = {
        "reading": reading,
        "entry": reading.entry,
        "version": reading.version,
        "crumbs": _crumbs(reading),
        "today": localdate(),
        "side_by_side": request.GET.get("view") == "sides",
        "links": _links(request, reading),
        "may_prove": may_go(request.person, PROVING),
    }
    response = render(request, "home/entry.html", context)
    if reading.part.number == 1 and not _is_prefetch(request):  # to turn a leaf is not to open it once more
        # Last of all: the count is one row for everybody, and whoever counts makes the next reader wait for the end.
        count_use(reading.entry)
    return response


@require_GET
def send_text(request: Request, pk: int) -> HttpResponse:
    """The whole text as it is, however long: to look for a word in all of it, to print it, to keep it."""
    version = _reading(request, pk).version
    response = HttpResponse(version.text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Language"] = version.language
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _reading(request: Request, pk: int) -> Reading:
    number = read_number(request.GET.get("version", ""))
    return open_reading(request.person, pk, number, read_number(request.GET.get("part", "")) or 1)


def _note_opened(request: Request, reading: Reading) -> None:
    """Once for this delivery."""
    if reading.delivery is not None and reading.delivery.opened_at is None and not _is_prefetch(request):
        open_delivery(request.person, reading.delivery)


def _is_prefetch(request: Request) -> bool:
    """A browser that looks ahead is no reader."""
    return request.headers.get("Sec-Purpose", "").startswith("prefetch")


def _crumbs(reading: Reading) -> list[tuple[str, str]]:
    crumbs = [(_("Library"), address("library:articles"))]
    if reading.source is not None:
        crumbs.append((reading.source.name, f"{address('search:results')}?q=source:{reading.source.slug}"))
    elif reading.entry.unit is not None:
        crumbs.append((reading.entry.unit.name, f"{address('search:results')}?q=unit:{reading.entry.unit.slug}"))
    return crumbs


def _may_capture(request: Request, reading: Reading) -> bool:
    fits = len(reading.version.text) <= BODY_LENGTH
    return fits and reading.document is not None and rules.writes_anywhere(request.person)


def _links(request: Request, reading: Reading) -> dict[str, str]:
    """Where one can go from here; what this person may not do has no address."""
    article = reading.article
    links = {
        "acknowledge": address("distribute:acknowledgement", pk=reading.version.pk),
        "search": address("search:results"),
        "here": address("home:entry", pk=reading.entry.pk),
        "text": f"{address('home:entry-text', pk=reading.entry.pk)}?version={reading.version.number}",
        "chain": address("distribute:chain", pk=reading.version.pk),
        "forecast": _forecast(request, reading),
        "report": address("library:feedback", pk=reading.entry.pk),
        "capture": address("library:capture", pk=reading.version.pk) if _may_capture(request, reading) else "",
        "original": _original(reading),
        "source": address("gather:source", pk=reading.source.pk) if reading.source else "",
    }
    if article is not None:
        links["history"] = address("library:revisions", pk=article.pk)
        if rules.writes_anywhere(request.person):
            links["edit"] = address("library:article", pk=article.pk)
        if _may_be_verifier(request.person, article):
            links["verify"] = address("library:verification", pk=article.pk)
    return links


def _forecast(request: Request, reading: Reading) -> str:
    """Where is asked whom it would reach if it came out now."""
    if not reading.is_current or not may_go(request.person, DISTRIBUTING):
        return ""
    return f"{address('distribute:forecast-new')}?entry={reading.entry.pk}"


def _original(reading: Reading) -> str:
    """Where the raw bytes of the newest version are handed out."""
    document = reading.document
    if document is None or not document.blob or not reading.is_current:
        return ""
    return address("gather:raw", pk=document.pk, blob=document.blob)


def _may_be_verifier(person: Person, article: Article) -> bool:
    """Who is shown the way to verify it, without asking the database again; the page behind it decides."""
    named = person.pk in (article.verifier_id, article.entry.owner_id)
    return named or may_go(person, frozenset({Permission.EXPERT, Permission.STEWARD}))
