"""What an entry is about, and proposing what it is about besides: for whoever reads it, article or document."""

from typing import Any

from django.db.models.functions import Left
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from headwater.core.acting import tried
from headwater.core.addresses import address
from headwater.core.languages import reading
from headwater.core.messages import tell
from headwater.library import actions, rules
from headwater.library.forms import TopicForm
from headwater.people.request import Request
from headwater.search.models import Entry, EntryTopic
from headwater.taxonomy.suggest import MOST_CHARACTERS, concepts_for_text


@require_http_methods(["GET", "POST"])
def propose(request: Request, pk: int) -> HttpResponse:
    """The topics of an entry; a reader names one that is missing, who keeps the text decides."""
    readable = Entry.objects.current().readable_by(request.person)
    entry = get_object_or_404(readable.select_related("unit", "owner"), pk=pk)
    form = TopicForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        link = tried(form, lambda: actions.propose_topic(request.person, entry, form.cleaned_data["topic"]))
        if link is not None:
            tell(request, _said(link))
            return redirect(address("home:entry", pk=pk))
    links = list(entry.topic_links.select_related("concept").order_by("concept__slug"))
    context = {
        "title": _("What “%(title)s” is about") % {"title": entry.title},
        "entry": entry,
        "form": form,
        "topics": [_row(link) for link in links],
        "suggested": _suggested(entry, {link.concept_id for link in links}),
        "may_settle": rules.may_settle(request.person, entry),
        "crumbs": [
            (_("Library"), address("library:articles")),
            (entry.title, address("home:entry", pk=pk)),
            (_("Topics"), ""),
        ],
    }
    return render(request, "library/topics.html", context, status=400 if form.errors else 200)


def _said(link: EntryTopic) -> str:
    label = link.concept.label(reading())
    if link.proposed:
        return _("“%(topic)s” is proposed. Whoever keeps this text decides.") % {"topic": label}
    return _("It is about “%(topic)s” already.") % {"topic": label}


def _row(link: EntryTopic) -> dict[str, Any]:
    return {"pk": link.pk, "label": link.concept.label(reading()), "proposed": link.proposed}


def _suggested(entry: Entry, known: set[int]) -> list[tuple[str, str]]:
    """Slug and label of topics that the text names and that it is not yet said to be about."""
    begun = Left("current_version__text", MOST_CHARACTERS)
    text = Entry.objects.filter(pk=entry.pk).values_list(begun, flat=True).get()
    found = concepts_for_text(text, title=entry.title, limit=12)
    language = reading()
    return [(each.concept.slug, each.concept.label(language)) for each in found if each.concept.pk not in known]
