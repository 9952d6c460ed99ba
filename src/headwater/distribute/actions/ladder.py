"""The verb about the ladder that must-reads have unless they say otherwise."""

from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.distribute import rungs
from headwater.distribute.models import Ladder
from headwater.people.rules import may_manage_knowledge


@action
def change_ladder(actor: Actor, remind_days: list[int], tell_head_after_days: int) -> Ladder:
    """Set the usual ladder: on which days before the due time people are reminded, and when their head is told.

    It holds for must-reads written from now on that say nothing of their own; those that were written keep theirs.
    """
    message = _("Only a knowledge manager of the whole organisation sets the usual ladder.")
    require(may_manage_knowledge(actor), message)
    ladder = rungs.usual_ladder()
    ladder.remind_days = rungs.checked_days(remind_days)
    ladder.tell_head_after_days = rungs.checked_head(tell_head_after_days)
    ladder.save()
    note(remind_days=ladder.remind_days, tell_head_after_days=ladder.tell_head_after_days)
    return ladder
