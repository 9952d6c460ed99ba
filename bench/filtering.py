"""filtering: an interest learned for each of Reuters' 90 topics, and whether it takes the right stories.

Each interest is learned from the training stories alone: the topic's are wanted, all others are not. The test stories
then go through `LinearProfiles`, one at a time. A plain linear support vector machine (all terms, one cost for every
story, no threshold of its own) learns and is judged in the same call. The learning curve is for the topics with
at least 50 training stories, from so many of these and nothing else, against a sample that nobody has judged; as the
product does it, rescored by the space of meanings that this sample makes, and by words alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.figures import Figure, at_least, plain
from bench.reuters import Story, shared_topics, split
from headwater.distribute.matcher.fitting import Plane, fit
from headwater.distribute.matcher.learning import Learned, learn
from headwater.distribute.matcher.linear import LinearProfiles
from headwater.distribute.matcher.meaning import Meaning
from headwater.distribute.matcher.weighing import Background, Terms, evenly, rows_of, terms_of

CURVE = (1, 2, 5, 10, 50)
Found = dict[str, set[int]]
"""Topic → numbers of the stories."""


@dataclass(frozen=True)
class Judgement:
    """What F1 (micro, macro), F0.5 and T11SU (macro) say of what was found."""

    micro: float
    macro: float
    half: float
    utility: float


def run() -> Iterator[Figure]:
    """The bars, the plain machine beside them, and the learning curve."""
    training, test = split()
    topics = shared_topics(training, test)
    examples = [terms_of(story.reading()) for story in training]
    right = {topic: {story.number for story in test if topic in story.topics} for topic in topics}
    everything = judged(right, found(taught(topics, training, examples), test))
    yield at_least("filtering_micro_f1", everything.micro, "F1", 0.88)
    yield at_least("filtering_macro_f1", everything.macro, "F1", 0.57)
    yield plain("filtering_f05", everything.half, "F0.5")
    yield plain("filtering_t11su", everything.utility, "T11SU")
    machine = judged(right, plain_machine(topics, training, examples, test))
    yield plain("filtering_plain_svm_micro_f1", machine.micro, "F1")
    yield plain("filtering_plain_svm_macro_f1", machine.macro, "F1")
    yield from curve(topics, training, examples, test, right)


def taught(topics: list[str], training: list[Story], examples: list[Terms]) -> dict[str, Learned]:
    """The interest of each topic, from all that was said about the training stories."""
    background = Background.gather(examples, keep=0)
    return {topic: learn(*_sides(topic, training, examples), background) for topic in topics}


def _sides(topic: str, training: list[Story], examples: list[Terms]) -> tuple[list[Terms], list[Terms]]:
    pairs = list(zip(training, examples, strict=True))
    return [terms for story, terms in pairs if topic in story.topics], [
        terms for story, terms in pairs if topic not in story.topics
    ]


def found(interests: dict[str, Learned], test: list[Story], meaning: Meaning | None = None) -> Found:
    """Which stories each interest takes; with a space of meanings, rescored by it."""
    topics, linear = list(interests), LinearProfiles()
    linear.lean_on(meaning)
    for number, topic in enumerate(topics):
        linear.put(number, interests[topic])
    taken: Found = {topic: set() for topic in topics}
    for story in test:
        for number in linear.match(terms_of(story.reading()))[0].tolist():
            taken[topics[number]].add(story.number)
    return taken


def curve(
    topics: list[str], training: list[Story], examples: list[Terms], test: list[Story], right: Found
) -> Iterator[Figure]:
    """How good interests are after so many examples, for the same topics each time; by words alone, and rescored."""
    background = Background.gather(examples)
    meaning = Meaning.gather(background.sample)
    wanted = {topic: _sides(topic, training, examples)[0] for topic in topics}
    many = [topic for topic in topics if len(wanted[topic]) >= CURVE[-1]]
    for count in CURVE:
        interests = {topic: learn(evenly(wanted[topic], count), [], background) for topic in many}
        for by, space in (("", meaning), ("_by_words", None)):
            judgement = judged({topic: right[topic] for topic in many}, found(interests, test, space))
            yield plain(f"filtering_macro_f1_from_{count}{by}", judgement.macro, f"F1 of {len(many)} topics")
            yield plain(f"filtering_micro_f1_from_{count}{by}", judgement.micro, f"F1 of {len(many)} topics")


def judged(right: Found, taken: Found) -> Judgement:
    """The measures. F0.5 and T11SU as in the TREC 2002 filtering track (Robertson and Soboroff), a topic each.

    T11SU is 2 · right - wrong as a share of the most there is, cut at -0.5 and brought to 0 … 1.
    """
    rows = [(len(taken[topic] & right[topic]), len(taken[topic]), len(right[topic])) for topic in right]
    hits, takes, wants = (sum(column) for column in zip(*rows, strict=True))
    utilities = [max((3 * hit - take) / (2 * want), -0.5) for hit, take, want in rows]
    return Judgement(
        2 * hits / (takes + wants),
        _mean([2 * hit / (take + want) for hit, take, want in rows]),
        _mean([1.25 * hit / (take + 0.25 * want) for hit, take, want in rows]),
        _mean([(utility + 0.5) / 1.5 for utility in utilities]),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def plain_machine(topics: list[str], training: list[Story], examples: list[Terms], test: list[Story]) -> Found:
    """What a linear support vector machine takes that is given tf-idf vectors of length one and nothing else."""
    columns: dict[str, int] = {}
    shares = rows_of(examples, columns)
    known = len(columns)
    asked = rows_of([terms_of(story.reading()) for story in test], columns)
    background = Background.gather(examples, keep=0)
    rarities = np.array([background.rarity(term) if at < known else 0.0 for term, at in columns.items()])
    rows = shares.over(asked).times(rarities)
    rows = rows.scaled(1.0 / np.maximum(rows.lengths(), 1e-9))
    seen, asking = np.arange(len(training)), np.arange(len(training), len(rows))
    taken: Found = {}
    for topic in topics:
        signs = np.array([1.0 if topic in story.topics else -1.0 for story in training])
        plane = fit(rows, seen, signs, np.ones(len(training)), Plane(np.zeros(rows.width), 0.0))
        heights = plane.heights(rows, asking)
        taken[topic] = {story.number for story, height in zip(test, heights.tolist(), strict=True) if height > 0}
    return taken
