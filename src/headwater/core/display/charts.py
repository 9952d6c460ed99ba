"""Charts drawn on the server as SVG: small, sharp, printable, and each with its table (key `t`).

Sizes are attributes, never styles, so that they pass the content policy. Colours come from the s-scale by class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from headwater.core.display.assets import icon
from headwater.core.display.figures import number


@dataclass(frozen=True)
class Point:
    """One bar or dot: its label, its value, the list it opens, and a note that is written over it."""

    label: str
    value: float
    url: str = ""
    note: str = ""
    tone: str = ""


def as_points(rows: Sequence[Any]) -> list[Point]:
    """Rows as points: Points, mappings with the same names, or (label, value[, url]) sequences."""
    return [row if isinstance(row, Point) else Point(**row) if isinstance(row, dict) else Point(*row) for row in rows]


def ceiling(value: float) -> float:
    """The round number at or over a value that an axis ends with: 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    if value <= 0:
        return 1
    power = 10 ** floor(log10(value))
    step = next(n for n in (1, 2, 3, 4, 5, 6, 8, 10) if n * power >= value)
    return float(step * power)


def frame(drawing: SafeString, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> SafeString:
    """A chart with its table: the drawing is one picture for screen readers, the table holds every number."""
    head = format_html_join("", '<th scope="col"{}>{}</th>', ((mark_safe(' class="num"') if n else "", word) for n, word in enumerate(heads)))
    body = format_html_join("", "<tr>{}</tr>", ((_table_row(row),) for row in rows))
    return format_html(
        '<figure class="chart">{}<details class="chart-table no-print"><summary>{} {}</summary><div class="table-wrap"><table class="table is-tight">'
        '<caption class="sr-only">{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details></figure>',
        drawing,
        icon("table", "icon-14"),
        _("As a table"),
        title,
        head,
        body,
    )


def _table_row(row: Sequence[object]) -> SafeString:
    cells = format_html_join("", '<td class="num">{}</td>', ((number(cell) if isinstance(cell, int | float) else cell,) for cell in row[1:]))
    return format_html('<th scope="row">{}</th>{}', row[0], cells)


def _svg(width: int, height: int, title: str, inner: SafeString) -> SafeString:
    return format_html('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', width, height, title, inner)


def _join(parts: Sequence[SafeString]) -> SafeString:
    return SafeString("".join(parts))


def _grid(left: float, right: float, top: float, bottom: float, highest: float, unit: str) -> SafeString:
    marks = [0, highest / 3, highest * 2 / 3, highest] if highest % 3 == 0 else [0, highest / 2, highest]
    lines = [
        format_html(
            '<line class="{}" x1="{}" x2="{}" y1="{y}" y2="{y}"></line><text x="{}" y="{}" text-anchor="end">{}</text>',
            "grid" if mark else "axis",
            left,
            right,
            left - 7,
            round(bottom - (bottom - top) * mark / highest + 4, 1),
            f"{number(mark)}{unit}",
            y=round(bottom - (bottom - top) * mark / highest, 1),
        )
        for mark in marks
    ]
    return _join(lines)


def bars(rows: Sequence[Any], title: str, unit: str = "", target: float | None = None, heads: Sequence[str] = (), height: int = 150) -> SafeString:
    """Bars over time or over things. A row is a Point, or (label, value[, url]); only first, middle and last labels are written when many."""
    points = as_points(rows)
    if not points:
        return SafeString("")
    width, left, top, bottom = 640, 34, 14, height - 22
    highest = ceiling(max([point.value for point in points] + [target or 0]))
    slot = (width - left - 4) / len(points)
    thick = min(slot * 0.68, 46)
    drawn = [_grid(left, width, top, bottom, highest, unit)]
    for n, point in enumerate(points):
        tall = (bottom - top) * point.value / highest
        x = left + slot * n + (slot - thick) / 2
        fill = point.tone or "s5"
        drawn.append(format_html('<rect class="fill-{}" x="{}" y="{}" width="{}" height="{}"></rect>', fill, round(x, 1), round(bottom - tall, 1), round(thick, 1), round(tall, 1)))
        if point.note:
            drawn.append(format_html('<text x="{}" y="{}" text-anchor="middle">{}</text>', round(x + thick / 2, 1), round(bottom - tall - 5, 1), point.note))
    drawn.append(_labels([point.label for point in points], left + slot / 2, slot, height - 6, 12))
    if target is not None:
        drawn.append(_target(left, width, bottom - (bottom - top) * target / highest))
    table = [(point.label, point.value) for point in points]
    return frame(_svg(width, height, title, _join(drawn)), title, heads or (_("When"), _("How many")), table)


def _target(left: float, right: float, y: float) -> SafeString:
    return format_html('<line class="target" x1="{}" x2="{}" y1="{y}" y2="{y}"></line>', left, right, y=round(y, 1))


def _labels(labels: Sequence[str], start: float, slot: float, y: float, most: int) -> SafeString:
    every = ceil(len(labels) / most) if len(labels) > most else 1
    shown = [(n, label) for n, label in enumerate(labels) if n % every == 0 and label]
    return format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', ((round(start + slot * n, 1), y, label) for n, label in shown))


def lines(
    series: Sequence[tuple[str, Sequence[float | None]]], labels: Sequence[str], title: str, unit: str = "", target: float | None = None, height: int = 190
) -> SafeString:
    """Up to three series over the same labels: [("median", [1, 2, None…]), …]; the first is the strongest line."""
    width, left, top, bottom = 640, 46, 10, height - 24
    known = [value for _name, values in series for value in values if value is not None]
    if not known or not labels:
        return SafeString("")
    right = width - 84
    highest = ceiling(max([*known, target or 0]))
    slot = (right - left) / max(len(labels) - 1, 1)
    drawn = [_grid(left, right, top, bottom, highest, unit)]
    for n, (name, values) in enumerate(series):
        at = [(left + slot * k, bottom - (bottom - top) * value / highest) for k, value in enumerate(values) if value is not None]
        path = " ".join(f"{'L' if k else 'M'}{x:.1f} {y:.1f}" for k, (x, y) in enumerate(at))
        look = ("is-s5", "is-s3", "is-s3")[min(n, 2)]
        drawn.append(format_html('<path class="area {}" d="{} L{} {} L{} {}Z"></path>', look, path, round(at[-1][0], 1), bottom, round(at[0][0], 1), bottom))
        drawn.append(format_html('<path class="line {}" d="{}"></path>', look, path))
        drawn.append(format_html('<circle class="fill-{}" cx="{}" cy="{}" r="3"></circle>', look[3:], round(at[-1][0], 1), round(at[-1][1], 1)))
        drawn.append(format_html('<text class="{}" x="{}" y="{}">{}</text>', "strong" if n == 0 else "", round(at[-1][0] + 8, 1), round(at[-1][1] + 4, 1), name))
    if target is not None:
        drawn.append(_target(left, right, bottom - (bottom - top) * target / highest))
    drawn.append(_labels(labels, left, slot, height - 6, 7))
    table = [(label, *(values[k] if values[k] is not None else "–" for _name, values in series)) for k, label in enumerate(labels)]
    return frame(_svg(width, height, title, _join(drawn)), title, (_("When"), *(name for name, _values in series)), table)


def dots(counts: Sequence[tuple[str, int]], title: str) -> SafeString:
    """One dot for each thing on a line of days or weeks: [(label, how many), …]; at most six are drawn, the table tells all."""
    width, height = 640, 92
    slot = (width - 24) / max(len(counts), 1)
    radius = min(7.0, slot / 2.4)
    drawn = [format_html('<line class="axis" x1="0" x2="{}" y1="70" y2="70"></line>', width)]
    for n, (_label, count) in enumerate(counts):
        x = 12 + slot * (n + 0.5)
        drawn += [format_html('<circle class="fill-s5" cx="{}" cy="{}" r="{}"></circle>', round(x, 1), round(62 - k * radius * 1.9 * (9 / 9), 1), round(radius, 1)) for k in range(min(count, 4))]
    for anchor, x, at in (("start", 0, 0), ("end", width, -1)):
        if counts:
            drawn.append(format_html('<text x="{}" y="88" text-anchor="{}">{}</text>', x, anchor, counts[at][0]))
    return frame(_svg(width, height, title, _join(drawn)), title, (_("When"), _("How many")), counts)


def spark(values: Sequence[float], title: str) -> SafeString:
    """A line without axes, 120 by 24, for beside a number."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    spread = (high - low) or 1
    path = " ".join(f"{'L' if n else 'M'}{120 * n / (len(values) - 1):.1f} {22 - 20 * (value - low) / spread:.1f}" for n, value in enumerate(values))
    return format_html('<svg class="spark" width="120" height="24" viewBox="0 0 120 24" role="img" aria-label="{}"><path class="line" d="{}"></path></svg>', title, path)


def meter(parts: Sequence[tuple[str, float]] | float, whole: float, label: str = "", look: str = "") -> SafeString:
    """A bar filled by parts of a whole: [("s5", 12), ("bad", 3)] of 40, or one number for a plain share. The number stands beside it."""
    pieces = [("s5", float(parts))] if isinstance(parts, int | float) else [(tone, float(value)) for tone, value in parts]
    scale = 1000 / whole if whole else 0
    drawn, x = [], 0.0
    for tone, value in pieces:
        wide = max(value * scale, 6 if value else 0)
        drawn.append(format_html('<rect class="fill-{}" x="{}" y="0" width="{}" height="10"></rect>', tone, round(x, 1), round(wide, 1)))
        x += wide + (4 if wide and len(pieces) > 1 else 0)
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="meter{}" viewBox="0 0 1000 10" preserveAspectRatio="none" {}><rect class="track" width="1000" height="10"></rect>{}</svg>',
        f" {look}" if look else "",
        said,
        _join(drawn),
    )
