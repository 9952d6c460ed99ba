"""What changed between two texts, and three texts made into one. Plain Python; used by reading, reviewing and merging.

    difference = compare(old, new)
    difference.rows            every block of both texts side by side, in order; nothing is left out
    difference.changes         only the changes, numbered, each with its section and the words around it
    difference.condensed()     rows with long unchanged stretches folded into gaps
    merge(base, mine, theirs)  what both wrote, with conflicts where both wrote differently

Texts are cut into blocks (heading, paragraph, list item, table row, fence) that keep every character: joined they are
that text exactly. Blocks are aligned first, then words inside blocks that belong together. Of texts as long as a shelf
of books all blocks are aligned, and the words of as many as there is time for.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal

from headwater.library.aligning import aligned, steps

SpanKind = Literal["same", "removed", "added"]
RowKind = Literal["same", "changed", "removed", "added", "gap"]

TOKEN = re.compile(r"\s+|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+(?:['’.,]\w+)*|.", re.DOTALL)
HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
WHOLE_LINE = re.compile(r"\s*(?:\||#{1,6}[ \t])")
OWN_LINE = re.compile(r"\s*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|\||>|#{1,6}[ \t])")
MARKUP = re.compile(
    r"^\s*(?:#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t])?|\d{1,9}[.)][ \t]+|>[ \t]?)|\*\*|__|\n+$", re.MULTILINE
)
SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+")
ALIKE = 0.4  # share of equal words from which two blocks are one that changed, rather than one gone and another come
MOST_TOKENS = 4000  # a longer block is compared as a whole
LONG = 20_000  # letters: a paragraph that goes on for pages is taken sentence by sentence
MOST_PAIRED = 150_000
"""Letters of new blocks whose words are compared with those of old ones: a quarter of a second, and as many changes as
are shown. Beyond, what is new came, and what is no longer there went."""
MOST_SHOWN = 200
"""Changes that a page lists, and nobody reads more of them; of each so many letters (two pages) as in MOST_LETTERS."""
MOST_LETTERS = 5_000


@dataclass(frozen=True)
class Span:
    """A stretch of text that stayed, went, or came."""

    kind: SpanKind
    text: str


@dataclass(frozen=True)
class Block:
    """A stretch of the source with its line ends, and the heading it stands under."""

    text: str
    section: str

    @property
    def key(self) -> str:
        """What makes it the same block: blank lines after it do not count."""
        return self.text.rstrip()


@dataclass(frozen=True)
class Row:
    """One line of the side-by-side view: `spans` holds both sides; a gap stands for `skipped` unchanged rows."""

    kind: RowKind
    section: str
    spans: tuple[Span, ...] = ()
    skipped: int = 0

    @property
    def old(self) -> tuple[Span, ...]:
        """The left side."""
        return tuple(span for span in self.spans if span.kind != "added")

    @property
    def new(self) -> tuple[Span, ...]:
        """The right side."""
        return tuple(span for span in self.spans if span.kind != "removed")

    @property
    def left(self) -> tuple[Span, ...]:
        """The left side as it is shown: without the line ends after it."""
        return tuple(map(_shortened, _trimmed(self.old)))

    @property
    def right(self) -> tuple[Span, ...]:
        """The right side as it is shown."""
        return tuple(map(_shortened, _trimmed(self.new)))


@dataclass(frozen=True)
class Change:
    """One change as a reader sees it: its number, section, and the sentence around it without Markdown's marks."""

    number: int
    section: str
    kind: RowKind
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Difference:
    """Everything about two texts."""

    rows: tuple[Row, ...]

    @property
    def old_text(self) -> str:
        """The old text, whole."""
        return "".join(span.text for row in self.rows for span in row.old)

    @property
    def new_text(self) -> str:
        """The new text, whole."""
        return "".join(span.text for row in self.rows for span in row.new)

    @cached_property
    def _changed(self) -> list[Row]:
        return [row for row in self.rows if row.kind != "same" and any(_visible(span) for span in row.spans)]

    @property
    def count(self) -> int:
        """How many changes there are; a change of empty lines only is none."""
        return len(self._changed)

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are shown."""
        return self.count > MOST_SHOWN

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The changes in the order of the new text, the first MOST_SHOWN."""
        shown = enumerate(self._changed[:MOST_SHOWN], start=1)
        return tuple(Change(number, row.section, row.kind, _readable(row.spans)) for number, row in shown)

    @property
    def sections(self) -> list[str]:
        """The headings under which something changed, each once, in order; "" for what stands above the first."""
        return list(dict.fromkeys(row.section for row in self._changed))

    def condensed(self, around: int = 1) -> list[Row]:
        """The rows with only `around` unchanged ones kept beside each change, the others folded into gaps.

        Of more than MOST_SHOWN changed ones those up to there.
        """
        changed = [number for number, row in enumerate(self.rows) if row.kind != "same"]
        near = {at for number in changed[:MOST_SHOWN] for at in range(number - around, number + around + 1)}
        end = changed[MOST_SHOWN] if len(changed) > MOST_SHOWN else len(self.rows)
        kept: list[Row] = []
        for number, row in enumerate(self.rows[:end]):
            if number in near:
                kept.append(row)
            elif kept and kept[-1].kind == "gap":
                kept[-1] = Row("gap", row.section, skipped=kept[-1].skipped + 1)
            else:
                kept.append(Row("gap", row.section, skipped=1))
        return kept


# --- Comparing --------------------------------------------------------------------------------------------------------


def compare(old: str, new: str) -> Difference:
    """The difference between two texts."""
    before, after = blocks(old), blocks(new)
    rows: list[Row] = []
    room = MOST_PAIRED
    for tag, a, b, c, d in aligned([block.key for block in before], [block.key for block in after]):
        if tag == "equal":
            rows += [_same(one, other) for one, other in zip(before[a:b], after[c:d], strict=True)]
            continue
        sizes = list(accumulate(len(block.text) for block in after[c:d]))
        paired = bisect_right(sizes, room)
        last = b if paired == d - c else min(b, a + paired)
        rows += [*_pair(before[a:last], after[c : c + paired]), *_replaced(before[last:b], after[c + paired : d])]
        room -= sizes[paired - 1] if paired else 0
    return Difference(tuple(rows))


def blocks(text: str) -> list[Block]:
    """The text in blocks; joined, they are the text. Blank lines belong to the block before them."""
    found: list[Block] = []
    section, fence, last = "", "", ""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if lines and not fence and _begins(line, last, lines):
            found += _block("".join(lines), section)
            lines = []
        if not fence and (heading := HEADING.match(line.rstrip("\r\n"))):
            section = heading.group(1).strip()
        if mark and not fence:
            fence = mark.group(1)
        elif mark and line.strip().startswith(fence):
            fence = ""
        lines.append(line)
        last = line
    return [*found, *_block("".join(lines), section)] if lines else found


def _block(text: str, section: str) -> list[Block]:
    """One block; of a long one, each sentence."""
    ends = [found.end() for found in SENTENCE_END.finditer(text)] if len(text) > LONG else []
    return [Block(text[start:end], section) for start, end in pairwise([0, *ends, len(text)]) if start < end]


def _begins(line: str, last: str, lines: list[str]) -> bool:
    """Whether a line outside a fence begins a block: after a blank line, heading, row or fence, or by its look."""
    if not line.strip() or not "".join(lines[:1]).strip():
        return False
    after_fence = bool(FENCE.match(last)) and len(lines) > 1
    return not last.strip() or after_fence or bool(WHOLE_LINE.match(last) or OWN_LINE.match(line) or FENCE.match(line))


def _same(old: Block, new: Block) -> Row:
    """An unchanged block; a blank line more or less after it is kept, and is no change."""
    space_before, space_after = old.text[len(old.key) :], new.text[len(new.key) :]
    if space_before == space_after:
        return Row("same", new.section, (Span("same", new.text),))
    return Row("same", new.section, (Span("same", new.key), *_flushed(space_before, space_after)))


def _pair(old: list[Block], new: list[Block]) -> list[Row]:
    """Blocks that were replaced: those that are alike become one changed row, the others went or came."""
    rows: list[Row] = []
    bags = [_bag(block) for block in old]
    at = 0
    for block in new:
        partner = _partner(_bag(block), bags, at)
        if partner is None:
            rows.append(_come(block))
            continue
        rows += [_gone(gone) for gone in old[at:partner]]
        rows.append(Row("changed", block.section, tuple(words(old[partner].text, block.text))))
        at = partner + 1
    return rows + [_gone(gone) for gone in old[at:]]


def _replaced(old: list[Block], new: list[Block]) -> list[Row]:
    """Each block in the place of another, their words not compared; and those that are left over."""
    pairs = zip(old, new, strict=False)
    rows = [Row("changed", to.section, (Span("removed", of.text), Span("added", to.text))) for of, to in pairs]
    return rows + [_gone(block) for block in old[len(new) :]] + [_come(block) for block in new[len(old) :]]


def _come(block: Block) -> Row:
    return Row("added", block.section, (Span("added", block.text),))


def _gone(block: Block) -> Row:
    return Row("removed", block.section, (Span("removed", block.text),))


def _partner(block: Counter[str], old: list[Counter[str]], start: int) -> int | None:
    """The first of the next few old blocks that is most like this one; None when none is alike."""
    best, found = ALIKE, None
    for at in range(start, min(len(old), start + 12)):
        likeness = _likeness(old[at], block)
        if likeness > best:
            best, found = likeness, at
    return found


def _bag(block: Block) -> Counter[str]:
    """How often each word and sign stands in a block; nothing, and so like no other, for one that is too long."""
    tokens = [token for token in TOKEN.findall(block.text) if not token.isspace()]
    return Counter(tokens if len(tokens) <= MOST_TOKENS else ())


def _likeness(old: Counter[str], new: Counter[str]) -> float:
    """The share of words that two blocks have in common, 0 to 1, whatever their order."""
    return 2 * (old & new).total() / max(1, old.total() + new.total())


def words(old: str, new: str) -> list[Span]:
    """The difference of two blocks in words; scraps of one common word between changes are swallowed by them."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    if max(len(before), len(after)) > MOST_TOKENS:
        return [Span("removed", old), Span("added", new)]
    found = steps(before, after)
    spans: list[Span] = []
    removed = added = ""
    for number, (tag, a, b, c, d) in enumerate(found):
        scrap = tag == "equal" and 0 < number < len(found) - 1 and _is_scrap(before[a:b])
        if tag != "equal" or scrap:
            removed, added = removed + "".join(before[a:b]), added + "".join(after[c:d])
            continue
        spans += _flushed(removed, added)
        removed = added = ""
        spans.append(Span("same", "".join(before[a:b])))
    return spans + _flushed(removed, added)


def _is_scrap(tokens: Sequence[str]) -> bool:
    """Nothing but spaces and punctuation, or a single short word: keeping it would chop a change into crumbs."""
    said = [token for token in tokens if token.strip() and token[0].isalnum()]
    return not said or (len(said) == 1 and len(said[0]) <= 3 and len(tokens) <= 3)


def _flushed(removed: str, added: str) -> list[Span]:
    spans = [Span("removed", removed)] if removed else []
    return [*spans, Span("added", added)] if added else spans


# --- Reading ----------------------------------------------------------------------------------------------------------


def _trimmed(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    while spans and not spans[-1].text.strip():
        spans = spans[:-1]
    return (*spans[:-1], Span(spans[-1].kind, spans[-1].text.rstrip())) if spans else ()


def _visible(span: Span) -> bool:
    return span.kind != "same" and bool(span.text.strip())


def _readable(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The sentences with a change in them, without list marks and emphasis, unless the marks are all that changed."""
    plain = [Span(span.kind, MARKUP.sub("", span.text)) for span in spans]
    shown = plain if any(_visible(span) for span in plain) else list(spans)
    kept = [_nearest(span, number, len(shown)) for number, span in enumerate(shown)]
    return tuple(_shortened(span) for span in kept if span.text)


def _shortened(span: Span) -> Span:
    return span if len(span.text) <= MOST_LETTERS else Span(span.kind, f"{span.text[:MOST_LETTERS]} …")


def _nearest(span: Span, number: int, count: int) -> Span:
    """Of unchanged text, only the sentence next to a change."""
    if span.kind != "same":
        return span
    sentences = SENTENCE_END.split(span.text)
    first, last = sentences[0], sentences[-1]
    if len(sentences) < (2 if number in (0, count - 1) else 3) or count == 1:
        return span
    if number == 0:
        return Span("same", last)
    if number == count - 1:
        return Span("same", first)
    return Span("same", f"{first} … {last}")
