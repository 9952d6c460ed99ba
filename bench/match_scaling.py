"""match_scaling: the time of a document and the postings it touches as profiles grow from 10,000 to 1,000,000.

A second line has readers and documents in English, with stems; the picture has the first.

`python -m bench.match_scaling` draws what was measured as docs/pictures/match-scaling.svg.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench.expected import stories
from bench.figures import Figure, at_most, plain
from bench.million import NOW, lines, loaded, seconds, version
from bench.plots import log_plot
from headwater.distribute.matcher.engine import Matcher
from headwater.search.language.searchable import Searchable

SIZES = (10_000, 100_000, 1_000_000)
LAPS = 3
_WORDING = ("One document against standing profiles", "profiles", "time: µs; postings touched, matches: how many")
_PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "match-scaling.svg"


def run() -> Iterator[Figure]:
    """Microseconds of a document, postings touched for it, and matches, for each number of profiles."""
    for name, language in lines("match_scaling"):
        times = {}
        for size, time_of, postings, matches in _measured(language):
            times[size] = time_of
            yield plain(f"{name}_{size}", time_of, "µs/document")
            yield plain(f"{name}_{size}_postings", postings, "postings/document")
            yield plain(f"{name}_{size}_matches", matches, "matches/document")
        yield at_most(name, times[SIZES[-1]] / times[SIZES[0]], "times for 100 times the profiles", 100)


def _measured(language: str = "") -> Iterator[tuple[int, float, float, float]]:
    versions = [version(text, language) for text in stories()]
    for size in SIZES:
        matcher = loaded(size, language)
        matches = sum(len(matcher.match(each, NOW).ids) for each in versions)
        touched = sum(matcher.postings_of(each, NOW) for each in versions)
        best = min(_lap(matcher, versions) for _ in range(LAPS))
        yield size, best / len(versions) * 1e6, touched / len(versions), matches / len(versions)


def _lap(matcher: Matcher, versions: list[Searchable]) -> float:
    return seconds(lambda: [matcher.match(each, NOW) for each in versions])


def main() -> None:
    """Draw the picture."""
    rows = list(_measured())
    lines = {
        "time in µs": [(size, time_of) for size, time_of, _, _ in rows],
        "postings touched": [(size, postings) for size, _, postings, _ in rows],
        "matches": [(size, matches) for size, _, _, matches in rows],
    }
    _PICTURE.write_text(log_plot(*_WORDING, lines), encoding="utf-8")
    sys.stdout.write(f"{_PICTURE}\n")


if __name__ == "__main__":
    main()
