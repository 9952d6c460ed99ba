"""The ladder of a must-read as it is set and said: so many days before, at the hour, and after it."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.core.typed import read_numbers
from headwater.distribute.models import Directive, Ladder

REMIND_DAYS = (3, 1, 0)
HEAD_AFTER = 1
MOST_DAYS = 365
MOST_REMINDERS = 10


def usual_ladder() -> Ladder:
    """What the organisation has set for must-reads that say nothing of their own; else the product's own, unsaved."""
    found = Ladder.objects.first()
    return found or Ladder(remind_days=list(REMIND_DAYS), tell_head_after_days=HEAD_AFTER)


def report_after(ladder: Directive | Ladder) -> int:
    """How many days after the due time whoever issued it is told: twice as long as the head's, at least two."""
    return 2 * max(1, ladder.tell_head_after_days)


def checked_days(days: Sequence[int]) -> list[int]:
    """The days before the due time on which reminders go out, each once, the earliest first. Raises by field."""
    if any(not 0 <= day <= MOST_DAYS for day in days):
        raise ValidationError({"remind_days": _("Days are a number from 0 to %(most)d.") % {"most": MOST_DAYS}})
    if len(set(days)) > MOST_REMINDERS:
        said = _("%(most)d reminders are the most.") % {"most": MOST_REMINDERS}
        raise ValidationError({"remind_days": said})
    return sorted(set(days), reverse=True)


def checked_head(days: int) -> int:
    """After how many days the head is told. Raises `ValidationError` by field."""
    if not 0 <= days <= MOST_DAYS:
        said = _("Days are a number from 0 to %(most)d.") % {"most": MOST_DAYS}
        raise ValidationError({"tell_head_after_days": said})
    return days


def read_days(text: str) -> list[int]:
    """Days from a text such as "3, 1, 0". Raises `ValidationError` for what is no number."""
    words = re.split(r"[\s,;،、]+", text.strip()) if text.strip() else []
    days = read_numbers(words)
    if len(days) < len(words):
        raise ValidationError(_("Write numbers of days, such as 3, 1, 0."))
    return days


def rungs_of(ladder: Directive | Ladder) -> list[str]:
    """The ladder in words, one rung after the other."""
    told = [_reminder(day, is_first=number == 0) for number, day in enumerate(ladder.remind_days)]
    head, issuer = ladder.tell_head_after_days, report_after(ladder)
    said = ngettext(
        "the head of their unit is told %(n)d day after", "the head of their unit is told %(n)d days after", head
    )
    told.append(said % {"n": head} if head else _("the head of their unit is told at once"))
    said = ngettext("whoever issued it %(n)d day after", "whoever issued it %(n)d days after", issuer)
    return [*told, said % {"n": issuer}]


def _reminder(day: int, is_first: bool) -> str:
    if day == 0:
        return _("a reminder when it is due") if is_first else _("when it is due")
    if is_first:
        said = ngettext("a reminder %(n)d day before it is due", "a reminder %(n)d days before it is due", day)
    else:
        said = ngettext("%(n)d day before", "%(n)d days before", day)
    return said % {"n": day}
