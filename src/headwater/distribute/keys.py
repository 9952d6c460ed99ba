"""Secrets that die with access: the addresses of private feeds, and the keys that sign webhooks.

Whoever leaves and comes back begins anew, as with tokens of the API: what was known of them outside stays worthless.
"""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from headwater.core.secret import digest
from headwater.core.wall import organisation_context
from headwater.distribute.messages import speaking_to
from headwater.distribute.models import Channel, PrivateFeed
from headwater.people.models import Departure


def living_feeds() -> QuerySet[PrivateFeed]:
    """Feeds whose person has not left since their address was made. Asked at every reading: none is late to die."""
    ends = Departure.objects.filter(person=OuterRef("person"), settled_at__gte=OuterRef("created_at"))
    return PrivateFeed.objects.exclude(Exists(ends))


def feed_of(secret: str) -> PrivateFeed | None:
    """The living feed behind a secret address, with its person."""
    feed = living_feeds().select_related("person").filter(digest=digest(secret)).first()
    return feed if feed is not None and feed.person.is_active else None


def end_keys(organisation_id: int) -> bool:
    """Remove the feeds of those who have left since, and switch off their webhooks, whose keys are erased."""
    with organisation_context(organisation_id):
        PrivateFeed.objects.exclude(pk__in=living_feeds().values("pk")).delete()
        for channel in _outlived().select_related("person"):
            _end(channel)
        return False


def has_ended(channel: Channel) -> bool:
    """Whether its key is that of a membership which has ended; then it is erased here and now.

    Asked before each sending: nothing is signed with it while the follower that erases it is on its way.
    """
    is_dead = channel.kind == Channel.Kind.WEBHOOK and _outlived().filter(pk=channel.pk).exists()
    if is_dead:
        _end(channel)
    return is_dead


def _outlived() -> QuerySet[Channel]:
    """Webhooks that still have a key from before their person left."""
    left = Departure.objects.filter(person=OuterRef("person"), settled_at__gte=OuterRef("keyed_at"))
    return Channel.objects.filter(Exists(left), kind=Channel.Kind.WEBHOOK, secret__isnull=False)


def _end(channel: Channel) -> None:
    with speaking_to(channel.person):
        channel.trouble = _("Its key ended when you left. Give it a new key, then switch it on.")
    channel.secret, channel.state = None, Channel.State.OFF
    channel.save(update_fields=["secret", "state", "trouble"])
