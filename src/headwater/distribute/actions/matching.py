"""The verb about how matching is shared out."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.distribute.models import MatchShard
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
