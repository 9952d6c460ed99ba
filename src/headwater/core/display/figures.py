"""Numbers as people read them: grouped, with their unit, opening the list they were counted from."""

from datetime import timedelta

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.core.counting import AtLeast

Number = int | float


def number(value: Number | None) -> str:
    """A grouped number in the reader's language (1,284; 1,000+ where counting ended); a dash for nothing known."""
    if value is None:
        return "–"
    if isinstance(value, AtLeast):
        return _("%(n)s+") % {"n": number(int(value))}
    places = 0 if float(value).is_integer() else 1
    return number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True)


def percent(part: Number, whole: Number) -> str:
    """The share of `part` in `whole` as a whole percentage; a dash when there is no whole."""
    return _("%(share)s %%") % {"share": number(round(100 * part / whole))} if whole else "–"


def duration(value: timedelta | float | None) -> str:
    """A length of time in its two largest units: 40 s, 12 min, 2 h 06, 3 d 4 h; never broken. Floats are seconds."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 60:
        return _("%(n)s\u00a0s") % {"n": number(round(seconds, 1) if seconds < 10 else round(seconds))}
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(n)s\u00a0min") % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return _("%(hours)s\u00a0h\u00a0%(minutes)02d") % {"hours": hours, "minutes": minutes}
    return _("%(days)s\u00a0d\u00a0%(hours)s\u00a0h") % {"days": hours // 24, "hours": hours % 24}


def minutes(count: int) -> str:
    """Reading time: at least one minute; from ten hours on in hours."""
    if count >= 600:
        return _("%(n)s h") % {"n": number(round(count / 60))}
    return ngettext("%(n)s min", "%(n)s min", max(count, 1)) % {"n": max(count, 1)}


def size(count: Number | None) -> str:
    """Bytes in the largest unit that keeps the number at least one."""
    if count is None:
        return "–"
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{number(round(value, 1) if value < 10 and unit != 'B' else round(value))} {unit}"


def figure(value: object, url: str = "", tone: str = "", label: str = "", look: str = "") -> SafeString:
    """A number with the dotted underline that opens its list; without `url` it is only set in the same figures.

    `tone` is bad, warn or good. `label` says for screen readers what the list holds.
    """
    shown = number(value) if isinstance(value, int | float) else str(value)
    classes = " ".join(part for part in ("fig", f"tone-{tone}" if tone else "", look) if part)
    if not url:
        return format_html('<span class="{}"><bdi>{}</bdi></span>', classes, shown)
    said = format_html('<span class="sr-only"> {}</span>', label) if label else ""
    return format_html('<a class="{}" href="{}"><bdi>{}</bdi>{}</a>', classes, url, shown, said)
