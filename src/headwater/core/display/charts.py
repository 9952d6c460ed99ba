"""Charts drawn on the server as SVG: small, sharp, printable, and each with its table (key `t`).

Sizes are attributes, never styles, so that they pass the content policy. Colours come from the s-scale by class.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headwater.core.display.assets import icon
from headwater.core.display.figures import number

WIDTH, NARROW = 640, 260
TABLE = (
    '<figure class="chart">{}<details class="chart-table no-print"><summary>{} {}</summary>'
    '<div class="table-wrap"><table class="table is-tight"><caption class="sr-only">{}</caption>'
    "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details></figure>"
)


@dataclass(frozen=True)
class Point:
    """One bar: its label, its value, the list it opens, a note that is written over it, and its tone (s1–s6, warn).

    What stands `above` it on the same bar is something else, in a light tone.
    """

    label: str
    value: float
    url: str = ""
    note: str = ""
    tone: str = "s5"
    above: float = 0


@dataclass(frozen=True)
class Field:
    """The field of a chart in its picture, and the number its upright axis ends with."""

    left: float
    right: float
    top: float
    bottom: float
    highest: float

    def y(self, value: float) -> float:
        """How far down a value stands."""
        return round(self.bottom - (self.bottom - self.top) * value / self.highest, 1)


def as_points(rows: Sequence[Any]) -> list[Point]:
    """Rows as points: Points, mappings with the same names, or (label, value[, url]) sequences."""
    return [row if isinstance(row, Point) else Point(**row) if isinstance(row, dict) else Point(*row) for row in rows]


def ceiling(value: float) -> float:
    """The round number at or over a value that an axis ends with: 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten.

    1 for nothing, and for what is too little to have a power of ten.
    """
    if value < sys.float_info.min:
        return 1
    power = 10 ** floor(log10(value))
    step = next(n for n in (1, 2, 3, 4, 5, 6, 8, 10, 20) if n * power >= value)
    return float(step * power)


def frame(drawing: SafeString, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> SafeString:
    """A chart with its table: the drawing is one picture for screen readers, the table holds every number."""
    first = format_html('<th scope="col">{}</th>', heads[0])
    others = format_html_join("", '<th scope="col" class="num">{}</th>', ((word,) for word in heads[1:]))
    body = SafeString("".join(_table_row(row) for row in rows))
    return format_html(TABLE, drawing, icon("table", "icon-14"), _("As a table"), title, first + others, body)


def _table_row(row: Sequence[object]) -> SafeString:
    shown = (number(cell) if isinstance(cell, int | float) else "–" if cell is None else cell for cell in row[1:])
    cells = format_html_join("", '<td class="num">{}</td>', ((cell,) for cell in shown))
    return format_html('<tr><th scope="row">{}</th>{}</tr>', row[0], cells)


def _picture(width: int, height: int, title: str, parts: Sequence[SafeString], look: str = "") -> SafeString:
    inner = SafeString("".join(parts))
    look = look or ("is-wide" if width >= WIDTH else "")
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', look, width, height, title, inner
    )


def _pictures(draw: Callable[[int], list[SafeString]], width: int, height: int, title: str) -> SafeString:
    """The picture, and where it is made for more room than a telephone has, one for there: letters keep their size."""
    if width <= NARROW * 1.2:
        return _picture(width, height, title, draw(width))
    roomy = _picture(width, height, title, draw(width), "is-roomy is-wide" if width >= WIDTH else "is-roomy")
    return roomy + _picture(NARROW, height, title, draw(NARROW), "is-close")


def _text(x: float, y: float, words: object, anchor: str = "middle", look: str = "") -> SafeString:
    return format_html(
        '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>', look, round(x, 1), round(y, 1), anchor, words
    )


def _across(field: Field, value: float, look: str) -> SafeString:
    return format_html(
        '<line class="{}" x1="{}" x2="{}" y1="{y}" y2="{y}"></line>', look, field.left, field.right, y=field.y(value)
    )


def _axis(field: Field, unit: str, target: float | None) -> list[SafeString]:
    parts = 3 if field.highest % 3 == 0 else 2
    marks = [field.highest * n / parts for n in range(parts + 1)]
    drawn = [_across(field, mark, "grid" if mark else "axis") for mark in marks]
    words = [_text(field.left - 7, field.y(mark) + 4, f"{number(mark)}{unit}", "end") for mark in marks]
    drawn.append(format_html('<g class="marks">{}</g>', SafeString("".join(words))))
    return drawn if target is None else [*drawn, _across(field, target, "target")]


def _labels(labels: Sequence[str], start: float, slot: float, y: float, most: int) -> list[SafeString]:
    every = max(1, ceil(len(labels) / most))
    shown = [_text(start + slot * n, y, label) for n, label in enumerate(labels) if n % every == 0 and label]
    return [format_html('<g class="labels">{}</g>', SafeString("".join(shown)))]


def bars(
    rows: Sequence[Any],
    title: str,
    unit: str = "",
    target: float | None = None,
    heads: Sequence[str] = (),
    height: int = 150,
    width: int = WIDTH,
    marks: Sequence[tuple[str, str]] = (),
) -> SafeString:
    """Bars over time or over things. A row is a Point, a mapping, or (label, value[, url]); empty without rows.

    `marks` are a square under each bar, (tone, words): s1–s6, warn, bad or track; the words stand in the table.
    `width` is that of the place in pixels (640 or 260 say), so that letters keep their size.
    """
    points = as_points(rows)
    if not points:
        return SafeString("")
    highest = ceiling(max([point.value + point.above for point in points] + [target or 0]))

    def draw(wide: int) -> list[SafeString]:
        field = Field(34, wide, 14, height - (36 if marks else 22), highest)
        slot = (field.right - field.left - 4) / len(points)
        drawn = _axis(field, unit, target)
        drawn += [
            _square(tone, field.left + slot * n, field.bottom + 7, slot) for n, (tone, _words) in enumerate(marks)
        ]
        drawn += [_bar(point, field, field.left + slot * n, slot) for n, point in enumerate(points)]
        return drawn + _labels([point.label for point in points], field.left + slot / 2, slot, height - 6, wide // 64)

    table: list[tuple[object, ...]] = [(point.label, point.value) for point in points]
    if any(point.above for point in points):
        table = [(*row, point.above) for row, point in zip(table, points, strict=True)]
    if marks:
        table = [(*row, words) for row, (_tone, words) in zip(table, marks, strict=True)]
    return frame(_pictures(draw, width, height, title), title, heads or (_("When"), _("How many")), table)


def _square(tone: str, at: float, y: float, slot: float) -> SafeString:
    wide = slot * 0.84
    return format_html(
        '<rect class="fill-{}" x="{}" y="{}" width="{}" height="8" rx="2"></rect>',
        tone,
        round(at + (slot - wide) / 2, 1),
        round(y, 1),
        round(wide, 1),
    )


def _bar(point: Point, field: Field, at: float, slot: float) -> SafeString:
    thick, y = min(slot * 0.68, 46), field.y(point.value)
    x, top = at + (slot - thick) / 2, field.y(point.value + point.above)
    bar = _rect(point.tone, x, y, thick, field.bottom - y)
    if point.above:
        bar += _rect("s3", x, top, thick, y - top)
    return bar + _text(x + thick / 2, top - 5, point.note) if point.note else bar


def _rect(tone: str, x: float, y: float, wide: float, high: float) -> SafeString:
    return format_html(
        '<rect class="fill-{}" x="{}" y="{}" width="{}" height="{}"></rect>',
        tone,
        round(x, 1),
        y,
        round(wide, 1),
        round(high, 1),
    )


def lines(
    series: Sequence[tuple[str, Sequence[float | None]]],
    labels: Sequence[str],
    title: str,
    unit: str = "",
    target: float | None = None,
    height: int = 190,
    width: int = WIDTH,
    tones: Sequence[str] = ("s5", "s3", "s3"),
) -> SafeString:
    """Up to three series over the same labels: [("median", [1, 2, None]), …]; the first is the strongest line.

    Where nothing is known a line breaks. `tones` are the colours: s5, s3, warn.
    """
    known = [value for _name, values in series for value in values if value is not None]
    if not known or not labels:
        return SafeString("")
    names = max(len(str(name)) for name, _values in series)
    highest = ceiling(max([*known, target or 0]))

    def draw(wide: int) -> list[SafeString]:
        field = Field(46, wide - 14 - 7 * names, 10, height - 24, highest)
        slot = (field.right - field.left) / max(len(labels) - 1, 1)
        drawn = [*_axis(field, unit, target), *_ended(series, field, slot, tones)]
        return drawn + _labels(labels, field.left, slot, height - 6, max(2, int(field.right - field.left) // 66))

    table = [(label, *(values[k] for _name, values in series)) for k, label in enumerate(labels)]
    heads = (_("When"), *(name for name, _values in series))
    return frame(_pictures(draw, width, height, title), title, heads, table)


def _ended(
    series: Sequence[tuple[str, Sequence[float | None]]], field: Field, slot: float, tones: Sequence[str]
) -> list[SafeString]:
    """Each line with its name at its end; names stand under each other, not on each other."""
    drawn, lowest = [], 0.0
    for (name, values), tone in sorted(zip(series, tones, strict=False), key=lambda each: -_last(each[0][1])):
        lowest = max(field.y(_last(values)) + 4, lowest + 14)
        drawn += _line(name, values, field, slot, tone, lowest)
    return drawn


def _last(values: Sequence[float | None]) -> float:
    """The last value that is known; 0 when none is."""
    return next((value for value in reversed(values) if value is not None), 0.0)


def _line(
    name: str, values: Sequence[float | None], field: Field, slot: float, tone: str, name_y: float
) -> list[SafeString]:
    runs = _runs(values, field, slot)
    if not runs:
        return []
    end, last = runs[-1][-1]
    return [
        *(part for run in runs for part in _run(run, field, tone)),
        format_html('<circle class="fill-{}" cx="{}" cy="{}" r="3"></circle>', tone, end, last),
        _text(end + 8, name_y, name, "start", "strong" if tone == "s5" else ""),
    ]


Place = tuple[float, float]


def _runs(values: Sequence[float | None], field: Field, slot: float) -> list[list[Place]]:
    """Where the values stand, in pieces between which nothing is known."""
    runs: list[list[Place]] = []
    for k, value in enumerate(values):
        if value is None:
            continue
        if k == 0 or values[k - 1] is None:
            runs.append([])
        runs[-1].append((round(field.left + slot * k, 1), field.y(value)))
    return runs


def _run(run: Sequence[Place], field: Field, tone: str) -> list[SafeString]:
    """A piece of a line with the area under it; of one value alone, a dot."""
    (start, y), (end, _last_y) = run[0], run[-1]
    if len(run) == 1:
        return [format_html('<circle class="fill-{}" cx="{}" cy="{}" r="2"></circle>', tone, start, y)]
    path = " ".join(f"{'L' if k else 'M'}{x} {y}" for k, (x, y) in enumerate(run))
    return [
        format_html(
            '<path class="area is-{}" d="{} L{} {} L{} {}Z"></path>', tone, path, end, field.bottom, start, field.bottom
        ),
        format_html('<path class="line is-{}" d="{}"></path>', tone, path),
    ]


def dots(counts: Sequence[tuple[str, int]], title: str) -> SafeString:
    """One dot for each thing over a line of days or weeks, [(label, how many), …]; four at most are drawn."""
    if not counts:
        return SafeString("")
    slot = (WIDTH - 24) / len(counts)
    radius = round(min(13.0, slot / 2.4), 1)
    base = 4 * 2 * radius + 14
    field = Field(0, WIDTH, 0, base, 1)
    drawn = [_across(field, 0, "axis")]
    for n, (_label, count) in enumerate(counts):
        x = round(12 + slot * (n + 0.5), 1)
        drawn += [_dot(x, base - 6 - radius * (2 * k + 1), radius) for k in range(min(count, 4))]
    drawn += [
        _text(0, base + 26, counts[0][0], "start", "large"),
        _text(WIDTH, base + 26, counts[-1][0], "end", "large"),
    ]
    return frame(_picture(WIDTH, round(base + 34), title, drawn), title, (_("When"), _("How many")), counts)


def _dot(x: float, y: float, radius: float) -> SafeString:
    return format_html(
        '<circle class="fill-s5" cx="{}" cy="{}" r="{}"></circle>', x, round(y, 1), round(radius * 0.9, 1)
    )


def spark(values: Sequence[float], title: str) -> SafeString:
    """A line without axes, 120 by 24, for beside a number; empty for fewer than two values."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    spread, slot = (high - low) or 1, 120 / (len(values) - 1)
    steps = (
        f"{'L' if n else 'M'}{slot * n:.1f} {22 - 20 * (value - low) / spread:.1f}" for n, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" width="120" height="24" viewBox="0 0 120 24" role="img" aria-label="{}">'
        '<path class="line" d="{}"></path></svg>',
        title,
        " ".join(steps),
    )


def meter(parts: Sequence[tuple[str, float]] | float, whole: float, label: str = "", look: str = "") -> SafeString:
    """A bar filled by parts of a whole: [("s5", 12), ("bad", 3)] of 40, or one number for a plain share.

    The numbers stand beside it in words; `label` says them to screen readers where they do not.
    """
    pieces = [("s5", float(parts))] if isinstance(parts, int | float) else [(tone, float(n)) for tone, n in parts]
    scale = 1000 / whole if whole else 0
    drawn, x = [], 0.0
    for tone, value in pieces:
        wide = max(value * scale, 6 if value else 0)
        drawn.append(
            format_html(
                '<rect class="fill-{}" x="{}" y="0" width="{}" height="10"></rect>', tone, round(x, 1), round(wide, 1)
            )
        )
        x += wide + (4 if wide and len(pieces) > 1 else 0)
    return format_html(
        '<svg class="meter{}" viewBox="0 0 1000 10" preserveAspectRatio="none" {}>'
        '<rect class="track" width="1000" height="10"></rect>{}</svg>',
        f" {look}" if look else "",
        format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"'),
        SafeString("".join(drawn)),
    )
