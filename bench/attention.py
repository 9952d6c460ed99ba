"""attention: of a day's stream, how much of the value does a budget of five pushes keep, decided while the day runs?

Days are replayed thing by thing, each decided by the product's own functions from what is known at that moment: the
person's earlier days, what was sent today, what was held back in the last hours. Compared with hindsight (the best five
of the whole day, near-copies counted once) and with the first five that came. Two streams: one that is generated
(Poisson arrivals over working hours, lognormal scores, every eighth thing a near-copy), and a year of news by the
minute, in which forty readers follow four topics each on working days; that one is left out where the data are missing.
"""

import math
import random
import re
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import BinaryIO

from bench.figures import Figure, at_least, data_folder, plain
from headwater.distribute.matcher.attention import (
    Candidate,
    Usual,
    alike,
    are_copies,
    floor_for,
    pick,
    strength_of,
    worth,
)
from headwater.search.language.analyzer import surfaces
from headwater.search.language.fingerprint import fingerprint

BUDGET = 5
KEPT = 4.0  # hours for which what was held back is looked at again
HISTORY = 20  # days
READERS, TOPICS_EACH = 40, 4
BARS = {"made": 0.85, "news": 0.8}
WORKING = [0.2] * 7 + [1, 3, 4, 4, 3, 2, 3, 4, 4, 3, 2, 1, 0.5] + [0.2] * 4


@dataclass(frozen=True)
class Arrival:
    """Something that came at that hour of its day."""

    hour: float
    what: Candidate


Day = list[Arrival]
Policy = Callable[[Day, Usual | None], list[Candidate]]


def run() -> Iterator[Figure]:
    """Value kept of hindsight's, by policy, and how alike the pushes of a day are."""
    streams = {"made": made_days(), "news": news_days()}
    for name, people in streams.items():
        if not people:
            sys.stderr.write("attention: no news stories here; only the generated stream is measured\n")
            continue
        kept = {label: _kept(people, policy) for label, policy in POLICIES.items()}
        best, _alike = kept["hindsight"]
        for label, (value, likeness) in kept.items():
            if label == "attention":
                yield at_least(f"attention_{name}_kept", value / best, "of hindsight", BARS[name])
            else:
                yield plain(f"attention_{name}_kept_{label}", value / best, "of hindsight")
            yield plain(f"attention_{name}_alike_{label}", likeness, "mean likeness of a day's pushes")
        first = kept["first_come"][0]
        yield at_least(f"attention_{name}_gain", kept["attention"][0] / first, "times first-come", 1.05)
        yield plain(f"attention_{name}_a_day", _a_day(people), "things a person and day")


# --- Policies ---------------------------------------------------------------------------------------------------------


def first_come(day: Day, _usual: Usual | None) -> list[Candidate]:
    """The first that came, until the budget is spent."""
    return [each.what for each in day[:BUDGET]]


def hindsight(day: Day, _usual: Usual | None) -> list[Candidate]:
    """The most valuable of the whole day, near-copies once; nothing can keep more."""
    best: list[Candidate] = []
    for each in sorted((each.what for each in day), key=lambda what: -what.value):
        if len(best) < BUDGET and not any(are_copies(each, other) for other in best):
            best.append(each)
    return best


def attention(day: Day, usual: Usual | None) -> list[Candidate]:
    """As the product does it: a floor, variety, and a second look at what was held back in the last hours."""
    return _while_it_runs(day, usual, KEPT)


def no_second_look(day: Day, usual: Usual | None) -> list[Candidate]:
    """The same, but what is held back is never looked at again."""
    return _while_it_runs(day, usual, 0.0)


def varied_hindsight(day: Day, _usual: Usual | None) -> list[Candidate]:
    """The whole day at once, varied: what variety costs, without the price of not knowing the future."""
    things = {each.what.key: each.what for each in day}
    return [things[key] for key in pick(things.values(), BUDGET).picked]


POLICIES: dict[str, Policy] = {
    "hindsight": hindsight,
    "varied_hindsight": varied_hindsight,
    "attention": attention,
    "no_second_look": no_second_look,
    "first_come": first_come,
}


def _while_it_runs(day: Day, usual: Usual | None, kept: float) -> list[Candidate]:
    sent: list[Candidate] = []
    held: list[Arrival] = []
    for so_far, arrival in enumerate(day):
        held = [each for each in held if arrival.hour - each.hour <= kept] + [arrival]
        floor = floor_for(usual, BUDGET - len(sent), usual.to_come(arrival.hour, so_far) if usual else 0)
        aged = [replace(each.what, value=_aged(each, arrival.hour)) for each in held]
        picks = pick(aged, BUDGET, sent, floor)
        gone = {*picks.picked, *picks.folded}
        sent += [each.what for each in held if each.what.key in picks.picked]
        held = [each for each in held if each.what.key not in gone]
    return sent


def _aged(arrival: Arrival, hour: float) -> float:
    return arrival.what.value * 0.5 ** ((hour - arrival.hour) / 24)


def _kept(people: Sequence[Sequence[Day]], policy: Policy) -> tuple[float, float]:
    """What the pushes of all measured days were worth (a near-copy is worth nothing), and how alike they are."""
    total, likeness, pairs = 0.0, 0.0, 0
    for days in people:
        for number in range(HISTORY, len(days)):
            usual = _usual(days[number - HISTORY : number])
            pushed = policy(days[number], usual)
            fresh = [each for at, each in enumerate(pushed) if not any(are_copies(each, o) for o in pushed[:at])]
            total += sum(each.value for each in fresh)
            couples = [(one, other) for at, one in enumerate(pushed) for other in pushed[:at]]
            likeness += sum(alike(*couple) for couple in couples)
            pairs += len(couples)
    return total, likeness / max(1, pairs)


def _usual(days: Sequence[Day]) -> Usual:
    by_hour = [0.0] * 24
    for day in days:
        for each in day:
            by_hour[int(each.hour)] += 1 / len(days)
    return Usual(by_hour, sorted(each.what.value for day in days for each in day))


def _a_day(people: Sequence[Sequence[Day]]) -> float:
    counts = [len(day) for days in people for day in days[HISTORY:]]
    return sum(counts) / max(1, len(counts))


# --- A generated stream -----------------------------------------------------------------------------------------------


def made_days() -> list[list[Day]]:
    """Thirty people with forty days each, of six to forty things; which kinds of thing come differs by person."""
    chance = random.Random(5)
    return [
        [_made_day(chance, rate) for _day in range(HISTORY + 20)] for rate in (chance.randint(6, 40) for _ in range(30))
    ]


def _made_day(chance: random.Random, rate: int) -> Day:
    hours = sorted(chance.choices(range(24), WORKING, k=_poisson(chance, rate * chance.choice((0.5, 1, 1, 1.5)))))
    day: Day = []
    for key, hour in enumerate(hours):
        if day and chance.random() < 0.125:
            before = chance.choice(day).what
            what = replace(before, key=key, value=before.value * chance.uniform(0.8, 1.1))
        else:
            topic = chance.randrange(6)
            words = frozenset(f"{topic}.{chance.randrange(12)}" for _ in range(8))
            value = worth(strength_of(chance.lognormvariate(0, 1), 1.0))
            what = Candidate(key, value, words, frozenset({str(topic)}), "", chance.getrandbits(63))
        day.append(Arrival(hour + key / len(hours), what))
    return sorted(day, key=lambda each: each.hour)


def _poisson(chance: random.Random, mean: float) -> int:
    """As many arrivals as fall into one unit of time, by adding up waits."""
    count, waited = 0, chance.expovariate(mean)
    while waited < 1:
        count, waited = count + 1, waited + chance.expovariate(mean)
    return count


# --- News -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Story:
    """A news story: when it came, its topics as people set them, its words."""

    at: datetime
    topics: frozenset[str]
    words: tuple[str, ...]
    print: int | None


def news_days() -> list[list[Day]]:
    """What forty readers of four topics each would have got, day by day; empty where the stories are not there."""
    path = data_folder() / "reuters21578" / "sgm.tar.gz"
    if not path.exists():
        return []
    stories = [story for story in _stories(path.open("rb")) if story.topics]
    of_topic, idf = _distinctive(stories)
    chance = random.Random(7)
    counts = Counter(topic for story in stories for topic in story.topics)
    topics = [topic for topic, count in counts.most_common(30) if count > 60]
    return [_reader_days(stories, set(chance.sample(topics, TOPICS_EACH)), of_topic, idf) for _ in range(READERS)]


def _reader_days(
    stories: Sequence[Story], followed: set[str], of_topic: dict[str, set[str]], idf: dict[str, float]
) -> list[Day]:
    by_day: dict[date, Day] = defaultdict(list)
    for key, story in enumerate(stories):
        if followed & story.topics and story.at.weekday() < 5:
            wanted = set().union(*(of_topic[topic] for topic in followed & story.topics))
            score = sum(idf[word] for word in set(story.words) & wanted)
            what = Candidate(
                key, worth(strength_of(score, 30.0)), frozenset(story.words[:60]), story.topics, "", story.print
            )
            by_day[story.at.date()].append(Arrival(story.at.hour + story.at.minute / 60, what))
    return [sorted(by_day[day], key=lambda each: each.hour) for day in sorted(by_day)]


def _distinctive(stories: Sequence[Story]) -> tuple[dict[str, set[str]], dict[str, float]]:
    """For each topic the words that tell it best from all stories; and each word's rarity."""
    found: Counter[str] = Counter()
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for story in stories:
        found.update(set(story.words))
        for topic in story.topics:
            of[topic].update(set(story.words))
    idf = {word: math.log(len(stories) / count) for word, count in found.items()}
    return {
        topic: set(sorted(words, key=lambda word: -words[word] * idf[word])[:30]) for topic, words in of.items()
    }, idf


def _stories(file: BinaryIO) -> Iterator[Story]:
    with tarfile.open(fileobj=file, mode="r:gz") as archive:
        for member in sorted(archive.getnames()):
            handle = archive.extractfile(member) if member.endswith(".sgm") else None
            if handle is not None:
                text = handle.read().decode("latin-1")
                yield from filter(None, map(_story, re.findall(r"<REUTERS.*?</REUTERS>", text, re.DOTALL)))


def _story(text: str) -> Story | None:
    """None for the few whose hour was misprinted."""
    stamp = re.search(r"(\d+-[A-Z]{3}-\d{4} +\d\d:\d\d):", text)
    if stamp is None:
        return None
    topics = re.search(r"<TOPICS>(.*?)</TOPICS>", text, re.DOTALL)
    body = re.search(r"<TEXT.*?>(.*)</TEXT>", text, re.DOTALL)
    said = re.sub(r"<[^>]+>", " ", body.group(1) if body else "")
    named = re.findall(r"<D>(.*?)</D>", topics.group(1) if topics else "")
    at = datetime.strptime(" ".join(stamp.group(1).split()), "%d-%b-%Y %H:%M")
    return Story(at, frozenset(named), tuple(surfaces(said)), fingerprint(said))
