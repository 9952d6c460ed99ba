"""What distribute holds about a person, and what it forgets when somebody is erased."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from headwater.distribute.keys import living_feeds
from headwater.distribute.ladder import HEAD, REPORT
from headwater.distribute.models import (
    Acknowledgement,
    Channel,
    Delivery,
    Digest,
    Directive,
    Dispatch,
    Forecast,
    InterestProfile,
    LearnedExample,
    LearnedInterest,
    MailedCode,
    Preference,
    PrivateFeed,
    Reason,
    Reminder,
)
from headwater.people.listing import ListsAbout
from headwater.people.models import Person
from headwater.people.reading import Reader, readable
from headwater.search.titles import told, without_closed


def of_person(person: Person) -> dict[str, Any]:
    """Interests, what was delivered and became of it, what was signed, ways to be reached: plain values."""
    return without_closed(_lists.of(person))


def _queries(person: Reader) -> dict[str, QuerySet[Any, Any]]:
    deliveries = Delivery.objects.filter(person=person.pk).order_by("-created_at")
    return {
        "interests": InterestProfile.objects.filter(person=person.pk).values("name", "query", "when", "created_at"),
        "interests_written_for_groups": (
            InterestProfile.objects.filter(created_by=person.pk).exclude(person=person.pk).values("name", "query")
        ),
        **_learned(person),
        "must_reads_issued": told(
            person,
            Directive.objects.filter(issued_by=person.pk).annotate(title=F("name")),
            "entry",
            *("title", "state", "issued_at"),
        ),
        "signatures_recorded": told(
            person,
            Acknowledgement.objects.filter(recorded_by=person.pk),
            "version__entry",
            *("version__title", "version__number", "at"),
        ),
        "reach_asked_for": Forecast.objects.filter(asked_by=person.pk).values("asked_at", "title"),
        "told_by_the_ladder": Reminder.objects.filter(told=person.pk).values("rung", "at"),
        "digests": Digest.objects.filter(person=person.pk).values("key", "created_at"),
        "deliveries": told(
            person,
            deliveries,
            "version__entry",
            *("version__title", "version__number", "state", "created_at", "sent_at", "opened_at", "acknowledged_at"),
        ),
        "found_useful": told(
            person, deliveries.exclude(useful=None), "version__entry", "version__title", "version__number", "useful"
        ),
        "acknowledgements": told(
            person,
            Acknowledgement.objects.filter(person=person.pk),
            "version__entry",
            *("version__title", "version__number", "at", "manner"),
        ),
        "preferences": (
            Preference.objects.filter(person=person.pk).values(
                "digest_at", "weekly_on", "quiet_from", "quiet_until", "budget"
            )
        ),
        "channels": Channel.objects.filter(person=person.pk).values("kind", "address", "state", "trouble"),
        "codes_mailed": MailedCode.objects.filter(person=person.pk).values_list("at", flat=True),
        "private_feed_since": living_feeds().filter(person=person.pk).values_list("created_at", flat=True),
        "sent": Dispatch.objects.filter(channel__person=person.pk).values("channel__kind", "state", "sent_at"),
    }


def _learned(person: Reader) -> dict[str, QuerySet[Any, Any]]:
    return {
        "learned_interest": LearnedInterest.objects.filter(person=person.pk).values(
            *(
                "follows_use",
                "consented_at",
                "terms",
                "threshold",
                "words",
                "edits",
                "examples_used",
                "began_with",
                "learned_at",
            )
        ),
        "learned_from_examples": told(
            person,
            LearnedExample.objects.filter(interest__person=person.pk),
            "entry",
            *("entry__title", "is_wanted", "added_at"),
        ),
    }


_lists = ListsAbout(_queries)


def open_matters(reader: Reader) -> dict[str, QuerySet[Any]]:
    """Of what notices are about, the must-reads whose text the reader may read."""
    named = Directive.objects.filter(readable(reader, "entry__") | Q(entry=None))
    return {f"overdue-{HEAD}": named, f"overdue-{REPORT}": named}


def forget(person: Person) -> None:
    """Remove interests, ratings, channels, digests and the feed. Deliveries and acknowledgements are records.

    Of an interest an empty row stays: those who hold it in memory follow changed rows, and would not see one go; and
    the records go on saying that an interest brought them.
    """
    Reason.objects.filter(profile__person=person).update(words=[])
    LearnedInterest.objects.filter(person=person).delete()
    emptied = {"name": "", "query": "", "language": "", "is_active": False, "removed_at": timezone.now()}
    InterestProfile.objects.filter(person=person).update(**emptied)
    Delivery.objects.filter(person=person).update(useful=None)
    Digest.objects.filter(person=person).delete()
    Channel.objects.filter(person=person).delete()
    MailedCode.objects.filter(person=person).delete()
    Preference.objects.filter(person=person).delete()
    PrivateFeed.objects.filter(person=person).delete()
    Forecast.objects.filter(asked_by=person).delete()
