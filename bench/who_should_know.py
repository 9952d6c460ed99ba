"""who_should_know: from what people wrote, whom does a new page concern? Judged by who turns out to be its author.

The pages of `digitalgov` name their authors. Whoever has at least two pages is learned from the earlier half of
these, and should be among the first ten for each of the later half. Whoever has a page in their earlier half is left
out of its ranking. Two searches are put to the same pages: BM25 over each author's earlier pages as one
text, and BM25 over single pages that vote for their authors; the best of their settings, chosen with hindsight, is the
bar.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.figures import Figure, at_least, needed, plain
from headwater.distribute.matcher.learning import Learned, learn
from headwater.distribute.matcher.linear import LinearProfiles
from headwater.distribute.matcher.meaning import Meaning
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.weighing import Background, terms_of
from headwater.search.language.analyzer import analyze
from headwater.search.language.searchable import Searchable

DEPTH = 10
SATURATIONS = (1.2, 2.0, 3.0, 5.0)
VOTERS = (10, 30, 100)
_NO_THRESHOLD = 1e-6
_FRONT = re.compile(r"---\s*\n(.*?)\n---\s*\n(.*)", re.DOTALL)
_AUTHORS = re.compile(r"^authors:\s*\n((?:[ \t]*-[^\n]*\n?)+)", re.MULTILINE)
_DATE = re.compile(r"^date:\s*[\"']?(\d{4}-\d\d-\d\d)", re.MULTILINE)
_TITLE = re.compile(r"^title:\s*(.*)$", re.MULTILINE)

Ranking = Callable[[int], list[str]]
"""The number of a page → authors, the likeliest first."""


@dataclass(frozen=True, order=True)
class Page:
    """A dated page with its authors."""

    date: str
    path: str
    authors: tuple[str, ...]
    title: str
    text: str

    def reading(self) -> Reading:
        """The page as the matcher reads it; who wrote it is no part of that."""
        day = datetime.fromisoformat(self.date).replace(tzinfo=UTC)
        return Reading(Searchable(1, 1, self.title, self.text, "en", "document", "digitalgov", (), (), self.path, day))


class Halves:
    """All pages by date, and for each author with two or more the numbers of the earlier and of the later half."""

    def __init__(self, pages: list[Page]) -> None:
        self.pages = pages
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, page in enumerate(pages):
            for author in page.authors:
                numbers[author].append(number)
        written = {author: own for author, own in sorted(numbers.items()) if len(own) > 1}
        self.earlier = {author: own[: len(own) // 2] for author, own in written.items()}
        self.had, self.wanted = dict[int, set[str]](), dict[int, set[str]]()
        for author, own in written.items():
            for number in own:
                side = self.had if number in self.earlier[author] else self.wanted
                side.setdefault(number, set()).add(author)

    @cached_property
    def words(self) -> list[list[str]]:
        """The stems of each page's title and text."""
        return [analyze(f"{page.title}\n{page.text}", "en").stems for page in self.pages]

    def judged(self, ranking: Ranking) -> tuple[float, float]:
        """Precision and recall at ten, the mean over the later pages."""
        precisions, recalls = list[float](), list[float]()
        for number, authors in sorted(self.wanted.items()):
            first = [author for author in ranking(number) if author not in self.had.get(number, ())][:DEPTH]
            hits = len(authors.intersection(first))
            precisions.append(hits / DEPTH)
            recalls.append(hits / len(authors))
        return float(np.mean(precisions)), float(np.mean(recalls))


def run() -> Iterator[Figure]:
    """Precision and recall at ten of the searches, then of what was learned, then of what reached its threshold."""
    halves = Halves(sorted(_pages()))
    searches = [halves.judged(ranking) for ranking in _searches(halves)]
    precision, recall = (max(values) for values in zip(*searches, strict=True))
    yield plain("who_should_know_bm25_precision", precision, "precision at 10")
    yield plain("who_should_know_bm25_recall", recall, "recall at 10")
    interests, meaning = taught(halves)
    for by, space in (("_by_words", None), ("", meaning)):
        yield from _judged(halves, interests, space, by, round(precision, 4), round(recall, 4))


def _judged(
    halves: "Halves", interests: dict[str, Learned], meaning: Meaning | None, by: str, precision: float, recall: float
) -> Iterator[Figure]:
    learned_precision, learned_recall = halves.judged(_learned(halves, interests, meaning))
    yield at_least(f"who_should_know_precision{by}", learned_precision, "precision at 10", precision)
    yield at_least(f"who_should_know_recall{by}", learned_recall, "recall at 10", recall)
    yield from _sent(halves, interests, meaning, by)


def _pages() -> Iterator[Page]:
    root = needed("digitalgov", "content")
    for file in sorted(root.rglob("*.md")):
        parts = _FRONT.match(file.read_text(encoding="utf-8", errors="replace"))
        authors, date = (_AUTHORS.search(parts[1]), _DATE.search(parts[1])) if parts else (None, None)
        if parts and authors and date:
            names = {name.strip(" \"'") for name in re.findall(r"-\s*([^\n]+)", authors[1])} - {""}
            title = _TITLE.search(parts[1])
            written = title[1].strip(" \"'") if title else ""
            yield Page(date[1], file.relative_to(root).as_posix(), tuple(sorted(names)), written, parts[2])


def taught(halves: Halves) -> tuple[dict[str, Learned], Meaning | None]:
    """Each author's interest, from the earlier pages, and the space of meanings.

    What is usual, and the space, are taken from pages that nobody is asked about.
    """
    terms = [terms_of(page.reading()) for page in halves.pages]
    background = Background.gather(terms[number] for number in sorted(set(halves.had) - set(halves.wanted)))
    interests = {
        author: learn([terms[number] for number in own], [], background) for author, own in halves.earlier.items()
    }
    return interests, Meaning.gather(background.sample)


def _learned(halves: Halves, interests: dict[str, Learned], meaning: Meaning | None) -> Ranking:
    """Ranked by score, with thresholds so low that ten are always there if so many have anything in common with it."""
    authors, linear = list(interests), LinearProfiles()
    linear.lean_on(meaning)
    for number, learned in enumerate(interests.values()):
        linear.put(number, Learned(learned.terms, _NO_THRESHOLD, learned.near / _NO_THRESHOLD))

    def ranking(page: int) -> list[str]:
        found, scores = linear.match(terms_of(halves.pages[page].reading()))
        return [authors[found[at]] for at in np.argsort(-scores, kind="stable")]

    return ranking


def _sent(halves: Halves, interests: dict[str, Learned], meaning: Meaning | None, by: str) -> Iterator[Figure]:
    """What would really be sent: to those whose threshold is reached, however many or few."""
    authors, linear = list(interests), LinearProfiles()
    linear.lean_on(meaning)
    for number, learned in enumerate(interests.values()):
        linear.put(number, learned)
    right = sent = 0
    for page, wanted in halves.wanted.items():
        found = {authors[number] for number in linear.match(terms_of(halves.pages[page].reading()))[0].tolist()}
        found -= halves.had.get(page, set())
        right, sent = right + len(found & wanted), sent + len(found)
    yield plain(f"who_should_know_sent_precision{by}", right / max(1, sent), "precision of what reached its threshold")
    yield plain(f"who_should_know_sent_recall{by}", right / sum(map(len, halves.wanted.values())), "recall of the same")


def _searches(halves: Halves) -> Iterator[Ranking]:
    authors = list(halves.earlier)
    texts = [[word for number in own for word in halves.words[number]] for own in halves.earlier.values()]
    known = sorted(halves.had)
    for saturation in SATURATIONS:
        yield _by_author(halves, authors, Bm25(texts, saturation))
        singles = Bm25([halves.words[number] for number in known], saturation)
        for voters in VOTERS:
            yield _by_votes(halves, known, singles, voters)


def _by_author(halves: Halves, authors: list[str], search: "Bm25") -> Ranking:
    return lambda page: [authors[at] for at in np.argsort(-search.scores(halves.words[page]), kind="stable")]


def _by_votes(halves: Halves, known: list[int], search: "Bm25", voters: int) -> Ranking:
    def ranking(page: int) -> list[str]:
        scores, votes = search.scores(halves.words[page]), Counter[str]()
        if page in halves.had:
            scores[known.index(page)] = 0.0
        for at in np.argsort(-scores, kind="stable")[:voters]:
            for author in halves.had[known[at]]:
                votes[author] += scores[at]
        return sorted(votes, key=lambda author: (-votes[author], author))

    return ranking


class Bm25:
    """Robertson and Walker's BM25 over texts cut into words, with the length normalisation b = 0.75."""

    def __init__(self, texts: list[list[str]], saturation: float) -> None:
        self._count, mean = len(texts), sum(map(len, texts)) / len(texts)
        postings: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        for number, words in enumerate(texts):
            dampened = saturation * (0.25 + 0.75 * len(words) / mean)
            for word, count in Counter(words).items():
                postings[word][0].append(number)
                postings[word][1].append(count * (saturation + 1) / (count + dampened))
        self._postings = {word: self._weighed(*posting) for word, posting in postings.items()}

    def _weighed(self, numbers: list[int], values: list[float]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        rarity = math.log(1 + (self._count - len(numbers) + 0.5) / (len(numbers) + 0.5))
        return np.array(numbers, np.int64), np.array(values) * rarity

    def scores(self, words: list[str]) -> NDArray[np.float64]:
        """The score of every text for these words, each word counted once."""
        scores = np.zeros(self._count)
        for word in sorted(set(words).intersection(self._postings)):
            numbers, values = self._postings[word]
            scores[numbers] += values
        return scores
