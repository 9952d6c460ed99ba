"""A heat map is a real table: rows by columns, each number opening its list, red ring under the target."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headwater.core.display.figures import number


@dataclass(frozen=True)
class Cell:
    """A share from 0 to 100 and the list it opens; None where a topic does not concern a unit."""

    value: float | None
    url: str = ""


def step_of(value: float, low: float = 50, high: float = 100) -> int:
    """The step of the s-scale, 1 to 5, for a value between low and high."""
    share = (min(max(value, low), high) - low) / (high - low)
    return min(int(share * 5) + 1, 5)


def heat(
    title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]], target: float = 60
) -> SafeString:
    """The table with its key. Columns are topics, rows (unit, cells)."""
    head = format_html_join("", '<th scope="col">{}</th>', ((column,) for column in columns))
    body = format_html_join(
        "", '<tr><th scope="row">{}</th>{}</tr>', ((name, _cells(cells, target)) for name, cells in rows)
    )
    key = format_html(
        '<p class="heat-key"><span>50</span><svg viewBox="0 0 100 9" aria-hidden="true">{}</svg><span>100</span>'
        '<span class="push">· {}</span><span>{}</span></p>',
        format_html_join(
            "", '<rect class="fill-s{}" x="{}" width="19" height="9"></rect>', ((n, (n - 1) * 20) for n in range(1, 6))
        ),
        _("not theirs"),
        _("red ring: below the target of %(target)s") % {"target": number(target)},
    )
    return format_html(
        '<div class="table-wrap"><table class="heat"><caption class="sr-only">{}</caption>'
        "<thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>{}",
        title,
        head,
        body,
        key,
    )


def _cells(cells: Sequence[Cell], target: float) -> SafeString:
    return SafeString("".join(_cell(cell, target) for cell in cells))


def _cell(cell: Cell, target: float) -> SafeString:
    if cell.value is None:
        return format_html(
            '<td class="is-none"><span aria-hidden="true">·</span><span class="sr-only">{}</span></td>', _("not theirs")
        )
    shown = (
        format_html('<a href="{}">{}</a>', cell.url, number(round(cell.value)))
        if cell.url
        else number(round(cell.value))
    )
    under = " is-under" if cell.value < target else ""
    return format_html('<td class="is-s{}{}">{}</td>', step_of(cell.value), under, shown)
