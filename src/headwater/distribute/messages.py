"""What is sent, in words: one subject and one plain text, that reads well wherever it arrives.

Every text is written in its reader's language and time zone, says why it was sent, and carries no title that its
reader may no longer see (who sends checks access just before).
"""

import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.core.addresses import address, link
from headwater.core.languages import speaking
from headwater.distribute.attending import lay_out
from headwater.distribute.because import sentences, weightiest_first
from headwater.distribute.deadlines import own_due
from headwater.distribute.models import Delivery, Digest, Directive, Dispatch, Reason
from headwater.people.models import Notice, Person
from headwater.search.models import EntryVersion
from headwater.search.sizes import letters_of

# Silent reading of non-fiction in English: 238 words a minute (Brysbaert 2019), with spaces some six letters a word.
LETTERS_A_MINUTE = 1350
REST_NAMED = 6  # titles in the last line of a digest


@dataclass(frozen=True)
class Message:
    """One thing to say. `url` is where to act on it; `essential` ones (must-reads) cannot be unsubscribed from."""

    subject: str
    body: str
    url: str
    essential: bool


@contextmanager
def speaking_to(person: Person) -> Iterator[None]:
    """Words, dates and times inside are the person's own."""
    with speaking(person.reading_language), timezone.override(zoneinfo.ZoneInfo(person.timezone)):
        yield


def minutes_to_read(version: EntryVersion) -> int:
    """How long the text takes to read, in whole minutes, at least one; nobody need have the text at hand for this."""
    letters = EntryVersion.objects.filter(pk=version.pk).values_list(letters_of("text"), flat=True).get()
    return minutes_of_letters(letters)


def minutes_of_letters(letters: int) -> int:
    """The same for a text of which only the length is known."""
    return max(1, round(letters / LETTERS_A_MINUTE))


def of_delivery(delivery: Delivery, purpose: str) -> Message:
    """The mail, chat line or webhook for one delivery; `purpose` is as in its dispatch."""
    with speaking_to(delivery.person):
        return _said(delivery, list(delivery.reasons.all()), purpose)


def of_preview(directive: Directive, version: EntryVersion, person: Person) -> Message:
    """What a directive will say to those it asks, as that person would get it now. Nothing is kept by this."""
    due = own_due(directive, person, timezone.now())
    delivery = Delivery(
        person=person, version=version, must_acknowledge=directive.acknowledge, urgent=directive.urgent, due_at=due
    )
    with speaking_to(person):
        return _said(delivery, [Reason(directive=directive)], "first")


def as_preview(message: Message, person: Person) -> Message:
    """The message, marked as one that is only looked at."""
    with speaking_to(person):
        note = _("A preview: so it will look. Nobody has been told yet, and nothing is asked of you.")
        return Message(
            _("Preview: %(subject)s") % {"subject": message.subject}, f"{note}\n\n{message.body}", message.url, True
        )


def _said(delivery: Delivery, reasons: list[Reason], purpose: str) -> Message:
    version = delivery.version
    due = delivery.due_at if delivery.must_acknowledge else None
    url = link("home:entry", pk=version.entry_id)
    context = {
        "delivery": delivery,
        "sentence": _sentence(version, reasons),
        "reasons": sentences(reasons),
        "minutes": minutes_to_read(version),
        "due": moment(due) if due else "",
        "overdue": due is not None and due < timezone.now(),
        "url": url,
    }
    return Message(
        subject=_subject(delivery, purpose),
        body=_tidy(render_to_string("distribute/mail/delivery.txt", context)),
        url=url,
        essential=delivery.must_acknowledge or delivery.urgent,
    )


def of_digest(digest: Digest, deliveries: Sequence[Delivery], notices: Iterable[Notice] = ()) -> Message:
    """One bundle: what waited for the person's hour. The best of it is told in full, the rest in one line."""
    layout = lay_out(deliveries, digest.person)
    with speaking_to(digest.person):
        lines = [
            (each, sentences(list(each.reasons.all())), link("home:entry", pk=each.version.entry_id), copies)
            for each, copies in layout.told
        ]
        told = [(notice, whole_address(notice.url)) for notice in notices]
        count = len(deliveries) + len(told)
        subject = ngettext("%(count)d thing for you", "%(count)d things for you", count) % {"count": count}
        inbox = link("distribute:inbox")
        context = {"lines": lines, "notices": told, "rest": _rest(layout.rest), "inbox": inbox}
        body = render_to_string("distribute/mail/digest.txt", context)
        return Message(subject=subject, body=_tidy(body), url=inbox, essential=False)


def _rest(deliveries: Sequence[Delivery]) -> str:
    """What a digest does not tell in full, as one line: “3 more: Pumps; Pay; Tides”. Empty when there is none."""
    if not deliveries:
        return ""
    said = [" ".join(each.version.title.split())[:80] for each in deliveries[:REST_NAMED]]
    more = len(deliveries) - len(said)
    if more:
        said.append(ngettext("and %(n)d other", "and %(n)d others", more) % {"n": more})
    count = len(deliveries)
    return ngettext("%(n)d more: %(titles)s", "%(n)d more: %(titles)s", count) % {"n": count, "titles": "; ".join(said)}


def of_notice(notice: Notice) -> Message:
    """Something else that a person must be told."""
    with speaking_to(notice.person):
        url = whole_address(notice.url)
        due = moment(notice.due_at) if notice.due_at else ""
        body = render_to_string("distribute/mail/notice.txt", {"notice": notice, "url": url, "due": due})
        return Message(subject=notice.text[:120], body=_tidy(body), url=url, essential=True)


def whole_address(path: str) -> str:
    """A path inside the organisation as an address that works from outside; empty for the home page."""
    return settings.HEADWATER_ORIGIN + (path if path.startswith("/") else address("home:today"))


def moment(when: datetime) -> str:
    """A day and hour in the reader's language and zone, which is named: Thu 26 Nov, 17:00 (Dar es Salaam time).

    Mail is read later, so there is no "today".
    """
    words = date_format(timezone.localtime(when), "D j M, H:i")
    return _("%(when)s (%(zone)s)") % {"when": words, "zone": _place()}


def _place() -> str:
    """What the reader's clock is called: the place it is named after, or UTC."""
    place = str(timezone.get_current_timezone()).rpartition("/")[2].replace("_", " ")
    return place if place == "UTC" else _("%(place)s time") % {"place": place}


def _sentence(version: EntryVersion, reasons: list[Reason]) -> str:
    directives = [reason.directive for reason in weightiest_first(reasons) if reason.directive is not None]
    return next((directive.sentence for directive in directives if directive.sentence), version.summary)


def _subject(delivery: Delivery, purpose: str) -> str:
    title = " ".join(delivery.version.title.split())[:150]
    if purpose not in Dispatch.FIRST:
        return _("Reminder: %(title)s") % {"title": title}
    if delivery.urgent:
        return _("Urgent: %(title)s") % {"title": title}
    return _("To read: %(title)s") % {"title": title} if delivery.must_acknowledge else title


def _tidy(text: str) -> str:
    """At most one empty line in a row, none at the ends."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
