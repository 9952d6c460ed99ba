"""The standing queries of a shard, held in memory by a worker and kept up to date from the database.

Profiles and standing directives share one matcher: a profile's key is twice its id, a directive's twice plus one.
The matcher compiles its inner loops with numba, so only worker processes come here.
"""

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.db import Error as DatabaseError
from django.db.models import QuerySet

from headwater.core.apart import VERY_LONG
from headwater.distribute.function_words import is_function_word
from headwater.distribute.lately import recent_texts
from headwater.distribute.learned import begun
from headwater.distribute.matcher.meaning import Meaning, nearness
from headwater.distribute.matcher.weighing import TITLE
from headwater.distribute.meaning import current_meaning
from headwater.distribute.models import Directive, InterestProfile, LearnedInterest
from headwater.distribute.shards import Part, asked_in, is_of
from headwater.distribute.warming import new_matchers
from headwater.people.models import Person
from headwater.search.language.searchable import Searchable

if TYPE_CHECKING:
    from headwater.distribute.matcher.engine import Matches, Profile
    from headwater.distribute.matcher.learning import Learned
    from headwater.distribute.matcher.lists import Longs, Saved
    from headwater.distribute.matcher.reading import Reading
    from headwater.distribute.matcher.reasons import Grounds

log = logging.getLogger(__name__)

LANGUAGES_EVERY = 5.0  # seconds
LANGUAGES_SHARE = 0.02  # of the time, at most: where there are very many people they are compared less often
MOST_WORDS = 12
MOST_LEARNED_WORDS = 5  # the others of an interest's hundreds brought little


@dataclass(frozen=True, slots=True)
class Match:
    """A standing query that a version matches: of a profile or a directive, with the words that brought it."""

    key: int
    words: list[str]
    score: float

    @property
    def profile_id(self) -> int | None:
        return None if self.key % 2 else self.key // 2

    @property
    def directive_id(self) -> int | None:
        return self.key // 2 if self.key % 2 else None


@dataclass(frozen=True, slots=True)
class Found:
    """What matches a version: what the matches rest on, and the score of each; and what was learned and matches."""

    grounds: "Grounds"
    scores: list[float]
    learned: list[Match]

    def in_words(self, reading: "Reading") -> Iterator[Match]:
        """Everything that matches, directives first; each is put into words as it is taken."""
        for (key, reason), score in zip(self.grounds.in_words(reading), self.scores, strict=True):
            yield Match(key, _words(evidence.value for evidence in reason or ()), score)
        yield from self.learned


class Standing:
    """The standing queries of one organisation, or one part of them, up to a transaction."""

    def __init__(self, part: Part | None = None) -> None:
        self.tx = 0
        self.changes = 0  # taken in since it was last kept
        self.kept_at = float("-inf")  # on this process's clock
        self._part = part
        self._matcher, self._learned = new_matchers()
        self._meaning: Meaning | None = None
        self._readers: dict[int, str] = {}
        self._languages: tuple[str, ...] = ()
        self._look_at = float("-inf")
        self._counted = self._newest = 0  # versions of transactions up to there count no more; the newest that counted

    def __len__(self) -> int:
        return len(self._matcher) + len(self._learned)

    def follow(self, upper: int) -> bool:
        """Take in every change that is committed; those of transactions below `upper`, which have all ended, for good.

        Returns whether there was any.

        What is newer is taken in too, and read again: a row that was changed just now would be missing otherwise.
        """
        started = time.monotonic()
        self._counted = self._newest
        self.learn_languages()
        is_new = is_changed = self.tx == 0
        profiles = InterestProfile.objects.filter(is_of(self._part), tx__gte=self.tx).select_related("learned")
        if is_new:
            profiles = self._load_asked(profiles)
        for profile in profiles:
            self.put_profile(profile)
            is_changed = True
        for directive in Directive.objects.filter(is_of(self._part), tx__gte=self.tx).exclude(query=""):
            self.put_directive(directive)
            is_changed = True
        self.lean()
        if is_new:
            self._learn_shares(upper)
        self.tx = max(self.tx, upper)
        if is_new:
            log.info("%d standing queries were loaded in %.2f s", len(self), time.monotonic() - started)
        return is_changed

    def _load_asked(self, profiles: QuerySet[InterestProfile]) -> QuerySet[InterestProfile]:
        """Take in all queries at once, many times faster than one by one; returns the profiles that have none."""
        live = profiles.filter(removed_at=None, is_active=True)
        rows = live.exclude(query="").values_list("pk", "query", "language", "person_id", "since_tx")
        # A cursor in the database spares memory.
        refused = self._matcher.put_all(self._read(rows.iterator()))
        self.changes += len(self._matcher)
        for key, error in refused.items():
            self._refuse(key, error)
        return live.filter(query="")

    def _learn_shares(self, upper: int) -> None:
        """Have what was loaded from rows posted and scored by what came lately: none of these texts counts again."""
        if not len(self._matcher):
            return
        for text in recent_texts(upper):
            self._learn_from(text)
        self._matcher.repost()
        self._counted = self._newest = upper - 1

    def _learn_from(self, text: Searchable) -> None:
        try:
            self._matcher.learn(text, text.published_at)
        except Exception as error:  # where it is its turn to be matched it is set aside: nobody else has to wait for it
            log.warning("version %d was not learned from: %r", text.version_id, error)

    def _read(self, rows: Iterable[tuple[int, str, str, int | None, int]]) -> "Iterator[Profile]":
        """The queries as the matcher takes them."""
        from headwater.distribute.matcher.engine import Profile

        for pk, query, language, person_id, since in rows:
            yield Profile(2 * pk, query, (language,) if language else self._languages_of(person_id), since)

    def _refuse(self, key: int, error: Exception) -> None:
        log.warning("the standing query with the key %d cannot be matched: %s", key, error)
        self._remove(key)

    def put_profile(self, profile: InterestProfile) -> None:
        """Add, change or remove one profile."""
        key = 2 * profile.pk
        if profile.removed_at is not None or not profile.is_active:
            self._remove(key)
            return
        if not profile.query:
            self._put_learned(key, profile)
            return
        languages = (profile.language,) if profile.language else self._languages_of(profile.person_id)
        self._put(key, profile.query, languages, profile.since_tx)

    def put_directive(self, directive: Directive) -> None:
        """Add, change or remove one standing directive."""
        key = 2 * directive.pk + 1
        if directive.state != Directive.State.ISSUED:
            self._remove(key)
            return
        self._put(key, directive.query, self._languages, directive.since_tx)

    def match(self, version: "Searchable | Reading", tx: int, among: Collection[int] | None = None) -> list[Match]:
        """Everything that matches a version of that transaction, with its words; not what came after the version.

        `among`: of these keys alone.
        """
        from headwater.distribute.matcher.reading import Reading

        reading = version if isinstance(version, Reading) else Reading(version)
        return list(self.found(reading, tx, among).in_words(reading))

    def found(self, reading: "Reading", tx: int, among: Collection[int] | None = None) -> "Found":
        """The same without the words of what was asked for: they take longest, and nobody need wait for it."""
        found = self._matcher.look(reading, upto=tx) if among is not None else self._passed(reading, tx)
        keys, scores = found.ids, found.scores
        if among is not None:
            is_among = np.isin(keys, np.fromiter(among, np.int64))
            keys, scores = keys[is_among], scores[is_among]
        order = np.argsort(keys % 2 == 0, kind="stable")
        grounds = self._matcher.grounds(keys[order].tolist(), reading, features=found.features)
        learned = self._match_learned(_begun(reading), tx) if len(self._learned) else []
        return Found(grounds, scores[order].tolist(), [one for one in learned if among is None or one.key in among])

    def _passed(self, reading: "Reading", tx: int) -> "Matches":
        """What is asked for and matches. A version counts when it comes by for the first time, very long ones never.

        Those of one transaction come by in one step, which begins with `follow`.
        """
        is_new = tx > self._counted and len(reading.searchable.text) <= VERY_LONG
        if not is_new:
            return self._matcher.look(reading, upto=tx)
        self._newest = max(self._newest, tx)
        return self._matcher.match(reading, upto=tx)

    def _match_learned(self, reading: "Reading", tx: int) -> list[Match]:
        """The learned interests that the version reaches, each with the words that brought most."""
        ids, scores = self._learned.match(reading.terms, upto=tx)
        return [
            Match(key, _words(_written(reading, self._learned.explain(key, reading.terms)))[:MOST_LEARNED_WORDS], score)
            for key, score in zip(ids.tolist(), scores.tolist(), strict=True)
        ]

    def _put_learned(self, key: int, profile: InterestProfile) -> None:
        """Weighted words in place of a query; without any it matches nothing."""
        interest = getattr(profile, "learned", None)
        if interest is None or not interest.effective:
            self._remove(key)
            return
        self._learned.put(key, as_learned(interest), profile.since_tx)
        self.changes += 1

    def lean(self) -> None:
        """Rescore what is learned by the space of meanings there is now."""
        meaning = current_meaning() if len(self._learned) else None
        if meaning is not self._meaning:
            self._learned.lean_on(meaning)
            self._meaning = meaning

    def keys_of(self, version: Searchable) -> list[int]:
        """The keys of all standing queries that a text matches, whenever they were made; without their words."""
        from headwater.distribute.matcher.reading import Reading

        reading = Reading(version)
        learned = self._learned.match(_begun(reading).terms)[0].tolist() if len(self._learned) else []
        return self._matcher.look(reading).ids.tolist() + learned

    def _put(self, key: int, query: str, languages: Sequence[str], since: int) -> None:
        try:
            self._matcher.put(key, query, languages, since)
            self.changes += 1
        except ValueError as error:
            self._refuse(key, error)

    def _remove(self, key: int) -> None:
        self.changes += key in self._matcher or key in self._learned
        self._matcher.remove(key)
        self._learned.remove(key)

    def keys(self) -> "Longs":
        """The keys of all that is held, in no order."""
        return np.concatenate([self._matcher.ids(), self._learned.ids()])

    def forget(self, keys: Iterable[int]) -> None:
        """Let go of standing queries; of those that are not held, nothing."""
        for key in keys:
            self._remove(key)

    def saved(self) -> "Saved":
        """All that is held, as arrays with names; they stay as they are while this goes on. Its `tx` is not in them."""
        from headwater.distribute.matcher.saving import as_array, joined

        languages = sorted(set(self._readers.values()))
        numbers = {language: number for number, language in enumerate(languages)}
        reads = (numbers[language] for language in self._readers.values())
        arrays = joined({"asked": self._matcher, "learned": self._learned}) | {
            "readers": np.fromiter(self._readers, np.int64, len(self._readers)),
            "reads": np.fromiter(reads, np.int32, len(self._readers)),
            "languages": as_array(languages),
            "counted": np.array([self._newest]),
        }
        return {name: array.copy() for name, array in arrays.items()}

    def restore(self, saved: "Saved", tx: int) -> None:
        """Be as when another of the same part, which had followed up to `tx`, gave these arrays. Raises KeyError."""
        from headwater.distribute.matcher.saving import below, from_array

        matcher, learned = new_matchers()
        matcher.restore(below(saved, "asked"))
        learned.restore(below(saved, "learned"))
        languages = from_array(saved["languages"])
        reads = [languages[number] for number in saved["reads"].tolist()]
        self._readers = dict(zip(saved["readers"].tolist(), reads, strict=True))
        self._languages = tuple(languages)
        self._matcher, self._learned, self.tx, self.changes = matcher, learned, tx, 0
        self._counted = self._newest = int(saved["counted"][0])
        self._meaning = None

    def _languages_of(self, person_id: int | None) -> tuple[str, ...]:
        return self._languages if person_id is None else (self._readers.get(person_id, ""),)

    def learn_languages(self) -> None:
        """People's languages are not announced as changes are: they are compared every few seconds."""
        started = time.monotonic()
        if started < self._look_at:
            return
        readers = Person.objects.active().reading_languages()
        ended = time.monotonic()
        self._look_at = ended + max(LANGUAGES_EVERY, (ended - started) / LANGUAGES_SHARE)
        languages = tuple(sorted(set(readers.values())))
        before = self._readers, self._languages
        self._readers, self._languages = readers, languages
        try:
            self._put_again(_unlike(before[0], readers), before[1] != languages)
        except DatabaseError:
            self._readers, self._languages = before  # seen to be new once more
            raise

    def _put_again(self, people: Sequence[int], of_groups: bool) -> None:
        """Take in anew what is read in the languages of these people, and what is read in everybody's."""
        if not len(self):
            return
        profiles = InterestProfile.objects.filter(
            is_of(self._part), removed_at=None, is_active=True, language=""
        ).exclude(query="")
        if people:
            for profile in profiles.filter(person__among=people):
                self.put_profile(profile)
        if of_groups:
            for profile in profiles.filter(person=None):
                self.put_profile(profile)
            for directive in Directive.objects.filter(is_of(self._part)).exclude(query=""):
                self.put_directive(directive)


def _unlike(before: Mapping[int, str], now: Mapping[int, str]) -> list[int]:
    """The people who read in another language than before, those included who came or went."""
    return [pk for pk in before.keys() | now.keys() if before.get(pk, "") != now.get(pk, "")]


def as_learned(interest: LearnedInterest) -> "Learned":
    """What a person's interest matches by: what was learned with their own words in place, the weightiest first."""
    from headwater.distribute.matcher.learning import MOST_TERMS, Learned

    ranked = sorted(interest.effective.items(), key=lambda item: (-abs(item[1]), item[0]))
    return Learned(tuple(ranked[:MOST_TERMS]), interest.threshold, nearness(interest.examples_used))


def late_comers(asked: tuple[int, int], matched: int, part: Part | None = None) -> tuple[set[int], int] | None:
    """The keys of queries changed in these transactions that want versions from before `matched`; None for none.

    And the oldest transaction that any of them may want versions of.
    """
    profiles, directives = (those.filter(since_tx__lt=matched) for those in asked_in(asked, part))
    since = {2 * pk: tx for pk, tx in profiles.values_list("pk", "since_tx")}
    since |= {2 * pk + 1: tx for pk, tx in directives.values_list("pk", "since_tx")}
    return (set(since), min(since.values())) if since else None


def _begun(reading: "Reading") -> "Reading":
    """What learned interests look at: as much of a text as they are learned from."""
    from headwater.distribute.matcher.reading import Reading

    beginning = begun(reading.searchable)
    return reading if beginning is reading.searchable else Reading(beginning)


def _written(reading: "Reading", brought: Sequence[tuple[str, float]]) -> Iterator[str]:
    """The words of a version as it writes them, of the terms that brought anything and tell of a subject."""
    for term, weight in brought:
        if weight > 0:
            field = "title" if term.startswith(TITLE) else ""
            word = reading.passage((field, reading.language), [term.removeprefix(TITLE)]) or ""
            if not is_function_word(word, reading.language):
                yield word


def _words(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))[:MOST_WORDS]
