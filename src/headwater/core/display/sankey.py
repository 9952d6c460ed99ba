"""The stream as a Sankey: columns from left to right, width is people, what is lost falls at its own stage."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headwater.core.display.charts import frame
from headwater.core.display.figures import figure, number

WIDTH, TOP, THICK, GAP = 900, 8, 9, 18


@dataclass(frozen=True)
class Node:
    """A stage, or a leak of one: its key, words, column, tone (s6, s5, bad, warn) and the list it opens."""

    key: str
    label: str
    column: int
    tone: str = "s5"
    url: str = ""


@dataclass(frozen=True)
class Flow:
    """So many from one node to another."""

    start: str
    end: str
    value: float


@dataclass
class _Box:
    node: Node
    value: float
    y: float = 0.0
    out: float = 0.0
    into: float = 0.0


def sankey(nodes: Sequence[Node], flows: Sequence[Flow], title: str, height: int = 220) -> SafeString:
    """Draw nodes by column in their order (leaks last) with their flows; nodes that nothing reaches are left out."""
    flows = [flow for flow in flows if flow.value > 0]
    boxes = _boxes(nodes, flows)
    if not boxes:
        return SafeString("")
    columns = 1 + max(box.node.column for box in boxes.values())
    scale = _place(boxes, {flow.start for flow in flows}, columns, height)
    step = (WIDTH - 130 - THICK) / max(columns - 1, 1)
    drawn = [_band(boxes, flow, scale, step) for flow in flows]
    drawn += [_bar(box, scale, step) for box in boxes.values()]
    picture = format_html(
        '<svg class="is-across" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>',
        WIDTH,
        height,
        title,
        SafeString("".join(drawn)),
    )
    picture += _below(boxes)
    table = [(f"{boxes[flow.start].node.label} → {boxes[flow.end].node.label}", flow.value) for flow in flows]
    return frame(picture, title, (_("From and to"), _("People")), table)


def _below(boxes: dict[str, _Box]) -> SafeString:
    """The same from top to bottom, for where there is no room beside: each stage, with what was lost there after it."""
    rows = SafeString("".join(_row(box) for box in sorted(boxes.values(), key=lambda box: box.node.column)))
    return format_html('<ol class="trail is-below">{}</ol>', rows)


def _row(box: _Box) -> SafeString:
    node, look = box.node, "is-lost" if box.node.tone in ("bad", "warn") else ""
    return format_html('<li class="{}">{} {}</li>', look, figure(box.value, url=node.url), node.label)


def _boxes(nodes: Sequence[Node], flows: Sequence[Flow]) -> dict[str, _Box]:
    """Each node that something flows through, with the larger of what comes and what goes."""
    found: dict[str, _Box] = {}
    for node in nodes:
        going = sum(flow.value for flow in flows if flow.start == node.key)
        coming = sum(flow.value for flow in flows if flow.end == node.key)
        if max(going, coming) > 0:
            found[node.key] = _Box(node, max(going, coming))
    return found


def _place(boxes: dict[str, _Box], going_on: set[str], columns: int, height: int) -> float:
    """Stack each column from the top; the fullest column decides the scale, which is returned.

    What ends in a column stands below all that flows on from it (`going_on`): no flow crosses its words.
    """
    per_column = [[box for box in boxes.values() if box.node.column == column] for column in range(columns)]
    per_column = [group for group in per_column if group]
    scale, below = float("inf"), 0
    for group in reversed(per_column):
        leaks = sum(box.node.key not in going_on for box in group)
        gaps = max(len(group) - 1, below + leaks if below else 0)
        scale = min(scale, (height - 2 * TOP - GAP * gaps) / sum(box.value for box in group))
        below = gaps
    floor = float(TOP)
    for group in reversed(per_column):
        y = float(TOP)
        for box in group:
            box.y = y if box.node.key in going_on else max(y, floor)
            y = box.y + box.value * scale + GAP
        floor = max(floor, y)
    return scale


def _band(boxes: dict[str, _Box], flow: Flow, scale: float, step: float) -> SafeString:
    start, end = boxes[flow.start], boxes[flow.end]
    wide = flow.value * scale
    x0, x1 = start.node.column * step + THICK, end.node.column * step
    y0, y1 = start.y + start.out * scale, end.y + end.into * scale
    start.out += flow.value
    end.into += flow.value
    middle = (x0 + x1) / 2
    path = (
        f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}V{y1 + wide:.1f}"
        f"C{middle:.1f} {y1 + wide:.1f} {middle:.1f} {y0 + wide:.1f} {x0:.1f} {y0 + wide:.1f}Z"
    )
    tone = f" is-{end.node.tone}" if end.node.tone in ("bad", "warn") else ""
    return format_html(
        '<path class="band{}" d="{}"><title>{} → {}: {}</title></path>',
        tone,
        path,
        start.node.label,
        end.node.label,
        number(flow.value),
    )


def _bar(box: _Box, scale: float, step: float) -> SafeString:
    x, tall = box.node.column * step, max(box.value * scale, 2)
    words = format_html(
        '<text class="strong" x="{}" y="{}">{} {}</text>',
        round(x + THICK + 6, 1),
        round(box.y + tall / 2 + 4, 1),
        box.node.label,
        number(box.value),
    )
    inner = format_html(
        '<rect class="fill-{}" x="{}" y="{}" width="{}" height="{}"></rect>{}',
        box.node.tone,
        round(x, 1),
        round(box.y, 1),
        THICK,
        round(tall, 1),
        words,
    )
    return format_html('<a href="{}">{}</a>', box.node.url, inner) if box.node.url else inner
