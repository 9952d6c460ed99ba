"""What distribute holds about a person, and what it forgets when somebody is erased."""

from typing import Any

from django.db.models import QuerySet

from headwater.core.lists import lists_of
from headwater.distribute.keys import living_feeds
from headwater.distribute.models import (
    Acknowledgement,
    Channel,
    Delivery,
    Digest,
    Directive,
    Dispatch,
    InterestProfile,
    MailedCode,
    Preference,
    PrivateFeed,
    Reason,
    Reminder,
)
from headwater.people.models import Person
from headwater.search.titles import told, without_closed


def of_person(person: Person) -> dict[str, Any]:
    """Interests, what was delivered and became of it, what was signed, ways to be reached: plain values."""
    deliveries = Delivery.objects.filter(person=person).order_by("-created_at")
    lists: dict[str, QuerySet[Any, Any]] = {
        "interests": InterestProfile.objects.filter(person=person).values("name", "query", "when", "created_at"),
        "interests_written_for_groups": (
            InterestProfile.objects.filter(created_by=person).exclude(person=person).values("name", "query")
        ),
        "must_reads_issued": Directive.objects.filter(issued_by=person).values("name", "state", "issued_at"),
        "signatures_recorded": told(
            person,
            Acknowledgement.objects.filter(recorded_by=person),
            "version__entry",
            *("version__title", "version__number", "at"),
        ),
        "told_by_the_ladder": Reminder.objects.filter(told=person).values("rung", "at"),
        "digests": Digest.objects.filter(person=person).values("key", "created_at"),
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
            Acknowledgement.objects.filter(person=person),
            "version__entry",
            *("version__title", "version__number", "at", "manner"),
        ),
        "preferences": (
            Preference.objects.filter(person=person).values(
                "digest_at", "weekly_on", "quiet_from", "quiet_until", "budget"
            )
        ),
        "channels": Channel.objects.filter(person=person).values("kind", "address", "state", "trouble"),
        "codes_mailed": MailedCode.objects.filter(person=person).values_list("at", flat=True),
        "private_feed_since": living_feeds().filter(person=person).values_list("created_at", flat=True),
        "sent": Dispatch.objects.filter(channel__person=person).values("channel__kind", "state", "sent_at"),
    }
    return without_closed(lists_of(lists))


def forget(person: Person) -> None:
    """Remove interests, ratings, channels, digests and the feed. Deliveries and acknowledgements are records."""
    Reason.objects.filter(profile__person=person).update(words=[])
    InterestProfile.objects.filter(person=person).delete()
    Delivery.objects.filter(person=person).update(useful=None)
    Digest.objects.filter(person=person).delete()
    Channel.objects.filter(person=person).delete()
    MailedCode.objects.filter(person=person).delete()
    Preference.objects.filter(person=person).delete()
    PrivateFeed.objects.filter(person=person).delete()
