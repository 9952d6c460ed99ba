"""The page on which an entry is read; seeing it, signed in, is what counts as opened."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headwater.core.addresses import address
from headwater.distribute.actions import open_delivery
from headwater.home.entry import Reading, open_reading
from headwater.home.rail import first_address, may_go
from headwater.library import rules
from headwater.library.models import Article
from headwater.people.models import Permission, Person
from headwater.search.actions import count_use


@require_GET
def show_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Read, trust, sign."""
    wanted = request.GET.get("version", "")
    reading = open_reading(request.person, pk, int(wanted) if wanted.isdigit() else None)
    _note_opened(request, reading)
    context = {
        "reading": reading,
        "entry": reading.entry,
        "version": reading.version,
        "crumbs": _crumbs(reading),
        "today": localdate(),
        "side_by_side": request.GET.get("view") == "sides",
        "links": _links(request, reading),
    }
    return render(request, "home/entry.html", context)


def _note_opened(request: HttpRequest, reading: Reading) -> None:
    """Once for this delivery; a prefetch of the browser is no reading."""
    if request.headers.get("Sec-Purpose", "").startswith("prefetch"):
        return
    count_use(reading.entry)
    if reading.delivery is not None and reading.delivery.opened_at is None:
        open_delivery(request.person, reading.delivery)


def _crumbs(reading: Reading) -> list[tuple[str, str]]:
    crumbs = [(_("Library"), first_address("library:articles"))]
    if reading.source is not None:
        crumbs.append((reading.source.name, f"{first_address('search:results')}?q=source:{reading.source.slug}"))
    elif reading.entry.unit is not None:
        crumbs.append((reading.entry.unit.name, f"{first_address('search:results')}?q=unit:{reading.entry.unit.slug}"))
    return crumbs


def _may_capture(request: HttpRequest, reading: Reading) -> bool:
    return reading.document is not None and rules.writes_anywhere(request.person)


def _links(request: HttpRequest, reading: Reading) -> dict[str, str]:
    """Where one can go from here; what this person may not do has no address."""
    article = reading.article
    links = {
        "acknowledge": first_address("distribute:acknowledgement", pk=reading.version.pk),
        "search": first_address("search:results"),
        "here": address("home:entry", pk=reading.entry.pk),
        "chain": first_address("distribute:chain", pk=reading.version.pk),
        "report": first_address("library:feedback", pk=reading.entry.pk),
        "capture": first_address("library:capture", pk=reading.version.pk) if _may_capture(request, reading) else "",
        "original": first_address("gather:original", pk=reading.version.pk) if reading.document else "",
        "source": first_address("gather:source", pk=reading.source.pk) if reading.source else "",
    }
    if article is not None:
        links["history"] = first_address("library:revisions", pk=article.pk)
        if rules.writes_anywhere(request.person):
            links["edit"] = first_address("library:article", pk=article.pk)
        if _may_be_verifier(request.person, article):
            links["verify"] = first_address("library:verification", pk=article.pk)
    return links


def _may_be_verifier(person: Person, article: Article) -> bool:
    """Who is shown the way to verify it, without asking the database again; the page behind it decides."""
    named = person.pk in (article.verifier_id, article.entry.owner_id)
    return named or may_go(person, frozenset({Permission.EXPERT, Permission.STEWARD}))
