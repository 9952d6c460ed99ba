"""Plots of a few lines on two logarithmic axes, as SVG that reads by light and by dark."""

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 416, 70, 190, 56, 50
_COLOURS = ("#0b6e99", "#b35900", "#5b7f2b", "#8a3b8f", "#777777")


def log_plot(title: str, across: str, up: str, lines: Mapping[str, Points]) -> str:
    """The lines with their values beside the last point, on axes in powers of ten; `up` says what is in which unit."""
    points = [point for line in lines.values() for point in line]
    xs, ys = _decades([x for x, _ in points]), _decades([y for _, y in points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="{_TOP - 6}" font-size="12">{escape(up)}</text>',
        *_grid(xs, ys),
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}" font-size="13">{escape(across)}</text>',
        *(_line(name, line, xs, ys, colour) for (name, line), colour in zip(lines.items(), _COLOURS, strict=False)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that the values lie between."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _x(value: float, axis: tuple[int, int]) -> float:
    share = (math.log10(value) - axis[0]) / (axis[1] - axis[0])
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, axis: tuple[int, int]) -> float:
    share = (math.log10(value) - axis[0]) / (axis[1] - axis[0])
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _grid(xs: tuple[int, int], ys: tuple[int, int]) -> list[str]:
    right, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for power in range(xs[0], xs[1] + 1):
        x = _x(10**power, xs)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{floor}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 18}" font-size="12" text-anchor="middle">{10**power:,}</text>')
    for power in range(ys[0], ys[1] + 1):
        y = _y(10**power, ys)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" font-size="12" text-anchor="end">{10**power:,}</text>')
    return parts


def _line(name: str, points: Points, xs: tuple[int, int], ys: tuple[int, int], colour: str) -> str:
    places = [(_x(x, xs), _y(y, ys)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places)
    (x, y), value = places[-1], points[-1][1]
    label = f'<text x="{x + 10:.1f}" y="{y + 4:.1f}" font-size="13" fill="{colour}">{escape(name)}: {value:,.0f}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{label}'
