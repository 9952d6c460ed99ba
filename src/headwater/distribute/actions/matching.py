"""The verbs about matching: how it is shared out, and what could not be matched."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.distribute.models import MatchShard, UnmatchedVersion
from headwater.distribute.rules import may_try_again
from headwater.distribute.shards import MOST_SHARDS, divide
from headwater.people.rules import may_administer


@action
def divide_matching(actor: Actor, shards: int) -> list[MatchShard]:
    """Match the standing queries in so many shards: as many workers, on any hosts, share them. It may be done any time.

    One is right until one worker's memory or one core's time is not enough. Nothing is lost or repeated by dividing.
    """
    require(may_administer(actor), _("Only an administrator divides matching."))
    if not 1 <= shards <= MOST_SHARDS:
        raise ValidationError({"shards": _("Between 1 and %(most)d.") % {"most": MOST_SHARDS}})
    divided = divide(shards)
    note(shards=shards)
    return divided


@action
def retry_versions(actor: Actor) -> int:
    """Try again to match the versions that were set aside for a fault, within seconds; returns how many there are."""
    require(may_try_again(actor), _("Only an administrator or a knowledge manager has versions tried again."))
    waiting = UnmatchedVersion.objects.exclude(fault="")
    waiting.update(again_at=timezone.now())
    versions = waiting.values("version").distinct().count()
    note(versions=versions)
    return versions
