"""Titles that say what was found, made from the figures; where a language cannot spell a number it stands as digits."""

from datetime import timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from headwater.core.display.figures import duration, number
from headwater.home.today import Today


def spelled(count: int) -> str:
    """A number that begins a sentence: in words up to nine where the language has them, else in digits."""
    words = {
        1: pgettext("a number that begins a sentence", "One"),
        2: pgettext("a number that begins a sentence", "Two"),
        3: pgettext("a number that begins a sentence", "Three"),
        4: pgettext("a number that begins a sentence", "Four"),
        5: pgettext("a number that begins a sentence", "Five"),
        6: pgettext("a number that begins a sentence", "Six"),
        7: pgettext("a number that begins a sentence", "Seven"),
        8: pgettext("a number that begins a sentence", "Eight"),
        9: pgettext("a number that begins a sentence", "Nine"),
    }
    return words.get(count) or number(count)


def today_title(today: Today) -> str:
    """“Three to read, about 14 minutes”, or that all is read; nothing is claimed while there is nothing yet."""
    count = today.counts["must"]
    if not count and today.is_being_made:
        return _("Nothing to read yet")
    if not count:
        return _("You have read all you must")
    if count > len(today.must_read):
        return ngettext("%(count)s to read", "%(count)s to read", count) % {"count": number(count)}
    return ngettext("%(count)s to read, %(reading)s", "%(count)s to read, %(reading)s", count) % {
        "count": spelled(count),
        "reading": _about(today.minutes),
    }


def _about(minutes: int) -> str:
    """How long that takes to read; from ten hours on in hours."""
    if minutes >= 600:
        hours = round(minutes / 60)
        return ngettext("about %(n)s hour", "about %(n)s hours", hours) % {"n": number(hours)}
    return ngettext("about %(n)s minute", "about %(n)s minutes", minutes) % {"n": number(minutes)}


def today_lede(today: Today) -> str:
    """What is pressing, and when the rest comes."""
    counts = today.counts
    rest = _("Everything else can wait for your digest at %(time)s.") % {"time": digest_clock(today)}
    if counts["late"]:
        pressing = ngettext("%(count)s is overdue.", "%(count)s are overdue.", counts["late"]) % {
            "count": spelled(counts["late"])
        }
    elif counts["today"]:
        pressing = ngettext("%(count)s is due today.", "%(count)s are due today.", counts["today"]) % {
            "count": spelled(counts["today"])
        }
    elif counts["must"]:
        pressing = _("Nothing is due today.")
    elif today.is_being_made:
        return _("Its documents and its past are being loaded. What is for you appears here by itself.")
    else:
        return done_lede(today)
    return f"{pressing} {rest}"


def digest_clock(today: Today) -> str:
    """“16:00”, or, once today's has gone, “16:00 tomorrow”."""
    comes = localtime(today.digest_at)
    clock = date_format(comes, "H:i")
    return clock if comes.date() == localtime(today.now).date() else _("%(time)s tomorrow") % {"time": clock}


def done_lede(today: Today) -> str:
    """“Six this month, all in time. The next digest comes at 16:00.”"""
    counts = today.counts
    coming = _("The next digest comes at %(time)s.") % {"time": digest_clock(today)}
    if not counts["done"]:
        return coming
    done, late = spelled(counts["done"]), counts["done_late"]
    if late:
        said = ngettext(
            "%(done)s this month, %(late)s late.", "%(done)s this month, %(late)s late.", counts["done"]
        ) % {"done": done, "late": number(late)}
    else:
        said = ngettext("%(done)s this month, in time.", "%(done)s this month, all in time.", counts["done"]) % {
            "done": done
        }
    return f"{said} {coming}"


def budget_line(today: Today) -> str:
    """The attention budget said aloud, with what was rolled into the digest."""
    rolled = today.counts["rolled"]
    had = ngettext(
        "You have had %(had)s of your %(budget)s push today.",
        "You have had %(had)s of your %(budget)s pushes today.",
        today.preference.budget,
    ) % {"had": number(today.pushes_today), "budget": number(today.preference.budget)}
    if not rolled:
        return had
    clock = date_format(localtime(today.digest_at), "H:i")
    more = ngettext(
        "%(n)s more rolled into your %(time)s digest.", "%(n)s more rolled into your %(time)s digest.", rolled
    ) % {"n": number(rolled), "time": clock}
    return f"{more} {had}"


def sooner_title(median: timedelta | None, before: timedelta | None, words: str) -> str:
    """“Knowledge arrives 1 h 40 sooner than in October”; empty without anything to compare, or without a difference."""
    if median is None or before is None or abs(median - before) < max(timedelta(minutes=1), before * 0.05):
        return ""
    change = duration(abs(median - before))
    if median < before:
        return _("Knowledge arrives %(time)s sooner than %(before)s") % {"time": change, "before": words}
    return _("Knowledge arrives %(time)s later than %(before)s") % {"time": change, "before": words}
