"""What the outside may fetch with a secret address: the private feed, and leaving the mail."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from headwater.core.actions import SYSTEM
from headwater.core.addresses import link
from headwater.distribute.actions import unsubscribe_channel
from headwater.distribute.because import sentences
from headwater.distribute.keys import feed_of
from headwater.distribute.messages import speaking_to
from headwater.distribute.models import Delivery
from headwater.distribute.posting import channel_of_unsubscribe
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry

FEED_LENGTH = 50


@require_safe
def show_feed(request: Request, secret: str) -> HttpResponse:
    """A person's newest deliveries as Atom. An unknown or rotated secret, or a person who left, is simply not there."""
    feed = feed_of(secret)
    if feed is None:
        raise Http404("There is no such feed.")
    with speaking_to(feed.person):
        body = _atom(feed.person, request.organisation.name)
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8", headers={"Cache-Control": "private"})


@csrf_exempt  # a mail program posts here with one click and has no cookie (RFC 8058); the token is the authority
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Turn a mail channel down to must-reads: ask on GET, do it on POST."""
    channel = channel_of_unsubscribe(token)
    if channel is None:
        raise Http404("This link is not one of ours.")
    if request.method == "POST":
        unsubscribe_channel(SYSTEM, channel)
    with speaking_to(channel.person):
        return render(request, "distribute/unsubscribe.html", {"channel": channel, "done": request.method == "POST"})


def _atom(person: Person, organisation: str) -> str:
    feed = Atom1Feed(
        title=_("%(organisation)s: for you") % {"organisation": organisation},
        link=link("distribute:inbox"),
        description="",
        language=person.reading_language,
    )
    for delivery in _readable_deliveries(person)[:FEED_LENGTH]:
        version = delivery.version
        feed.add_item(
            title=version.title,
            link=link("home:entry", pk=version.entry_id),
            description="\n".join([version.summary, *sentences(list(delivery.reasons.all()))]).strip(),
            unique_id=f"tag:headwater,delivery:{delivery.pk}",
            pubdate=delivery.created_at,
            updateddate=delivery.created_at,
        )
    return feed.writeString("utf-8")


def _readable_deliveries(person: Person) -> QuerySet[Delivery]:
    readable = Entry.objects.current().readable_by(person).values("pk")
    deliveries = Delivery.objects.filter(person=person, version__entry__in=readable)
    deliveries = deliveries.exclude(state__in=[Delivery.State.WITHDRAWN, Delivery.State.EXPIRED])
    related = deliveries.select_related("version").defer("version__text").order_by("-created_at")
    return related.prefetch_related("reasons__profile", "reasons__directive__audience")
