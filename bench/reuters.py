"""Reuters-21578 as the ModApte split has it: 9,603 stories to learn from and 3,299 to be judged by."""

import html
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.figures import needed
from headwater.distribute.matcher.reading import Reading
from headwater.search.language.searchable import Searchable

_STORY = re.compile(r"<REUTERS(.*?)>(.*?)</REUTERS>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="(.*?)"')
_TOPIC = re.compile("<D>(.*?)</D>")
_WHEN = datetime(1987, 10, 19, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """A story with what people said it is about; `training` says which side of the split it is on."""

    number: int
    training: bool
    topics: frozenset[str]
    title: str
    text: str

    def reading(self) -> Reading:
        """The story as the matcher reads it."""
        version = Searchable(
            self.number, self.number, self.title, self.text, "en", "document", "reuters", (), (), "", _WHEN
        )
        return Reading(version)


def stories() -> list[Story]:
    """All stories of the split, in the order of their numbers; those without a topic are among them."""
    return sorted(_stories(), key=lambda story: story.number)


def split() -> tuple[list[Story], list[Story]]:
    """The stories to learn from, and those to be judged by."""
    everything = stories()
    return [story for story in everything if story.training], [story for story in everything if not story.training]


def shared_topics(training: list[Story], test: list[Story]) -> list[str]:
    """The topics that at least one story on either side has."""
    sides = ({topic for story in side for topic in story.topics} for side in (training, test))
    return sorted(set.intersection(*sides))


def _stories() -> Iterator[Story]:
    with tarfile.open(needed("reuters21578", "sgm.tar.gz")) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None or not member.name.endswith(".sgm"):
                continue
            for head, body in _STORY.findall(file.read().decode("latin-1")):
                marks = dict(_ATTRIBUTE.findall(head))
                if marks["TOPICS"] == "YES" and marks["LEWISSPLIT"] in ("TRAIN", "TEST"):
                    yield _story(marks, body)


def _story(marks: dict[str, str], body: str) -> Story:
    text = _part("BODY", body) or re.sub("<TITLE>.*?</TITLE>|<[^>]*>", " ", _part("TEXT", body), flags=re.DOTALL)
    return Story(
        int(marks["NEWID"]),
        marks["LEWISSPLIT"] == "TRAIN",
        frozenset(_TOPIC.findall(_part("TOPICS", body))),
        html.unescape(_part("TITLE", body)),
        html.unescape(text),
    )


def _part(name: str, body: str) -> str:
    found = re.search(f"<{name}[^>]*>(.*?)</{name}>", body, re.DOTALL)
    return found.group(1) if found else ""
