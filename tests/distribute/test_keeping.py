"""Standing queries in a file: whoever starts from it holds what whoever reads all rows anew holds, or refuses it."""

import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.core.jobs import safe_tx
from headwater.core.worker import run_service
from headwater.distribute import keeping, snapshots
from headwater.distribute.actions import issue_directive, recall_directive, save_directive, weigh_word
from headwater.distribute.keeping import keep_all, keep_standing
from headwater.distribute.matching import forget_standing
from headwater.distribute.models import Directive, InterestProfile, StandingSnapshot
from headwater.distribute.shards import Part, divide, shards
from headwater.distribute.snapshots import keep, place_of, take_up, tidy
from headwater.distribute.standing import Standing
from headwater.people.actions import end_membership, erase_person
from headwater.people.models import Person
from headwater.search.language.searchable import Searchable
from tests.conftest import make_person
from tests.distribute.test_matching import House, profile

WORDS = ("pump", "pumps", "pompe", "pompes", "valve", "weir", "inspected", "rivière")
LANGUAGES = ("en", "fr", "es", "")


@pytest.fixture
def house(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(keeping, "WORTH_IT", 1)
    forget_standing()
    yield House()
    forget_standing()


@pytest.fixture
def part(house: House) -> Part:
    with house.inside():
        shards()
    return Part(house.organisation.pk)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="headwater.distribute")
    return caplog


def loaded(house: House, part: Part) -> Standing:
    """All of it, from the rows."""
    standing = Standing(part)
    with house.inside():
        standing.follow(safe_tx())
    return standing


def kept(house: House, part: Part) -> Standing:
    """All of it, from the rows; and it is in the file."""
    standing = loaded(house, part)
    assert keep(standing.saved(), standing.tx, part)
    return standing


def taken_up(house: House, part: Part) -> Standing | None:
    """What is in the file, brought up to now."""
    standing = Standing(part)
    with house.inside():
        if not take_up(standing, part, safe_tx()):
            assert (len(standing), standing.tx) == (0, 0)
            return None
        standing.follow(safe_tx())
    return standing


# --- As if read anew --------------------------------------------------------------------------------------------------


def change_something(house: House, chance: random.Random) -> None:
    """One change of what stands, or of who reads in which language, in a transaction of its own."""
    with house.inside():
        person = chance.choice(list(Person.objects.order_by("pk")))
        query = chance.choice(("{0}", "{0} {1}", '"{0} {1}"', "{0} OR {1}", "{0} NOT {1}", "{0}*")).format(
            *chance.sample(WORDS, 2)
        )
        found = list(InterestProfile.objects.exclude(query="").order_by("pk"))
        one = chance.choice(found) if found else None
        match chance.choice(
            ("add", "add", "group", "change", "remove", "back", "erase", "must", "word", "speak", "join")
        ):
            case "add":
                InterestProfile.objects.create(
                    person=person, query=query, language=chance.choice(("", "", "fr")), since_tx=safe_tx()
                )
            case "group":
                InterestProfile.objects.create(audience=house.everyone, query=query, since_tx=safe_tx())
            case "change" if one:
                one.query, one.since_tx = query, safe_tx()
                one.save()
            case "remove" if one:
                one.removed_at, one.is_active = chance.choice([(timezone.now(), True), (None, False)])
                one.save()
            case "back" if one:
                one.removed_at, one.is_active = None, True
                one.save()
            case "erase" if one:
                one.delete()
            case "must":
                issued = Directive.objects.filter(state=Directive.State.ISSUED).first()
                if issued is None:
                    issue_directive(
                        OPERATOR, save_directive(OPERATOR, house.everyone, query=query, name="M", due_days=5)
                    )
                else:
                    recall_directive(OPERATOR, issued)
            case "word":
                weigh_word(person, person, chance.choice(WORDS), chance.choice(("very_strong", "some", "against")))
            case "speak":
                Person.objects.filter(pk=person.pk).update(chosen_language=chance.choice(LANGUAGES))
            case "join":
                make_person(f"Newcomer {chance.random()}", language=chance.choice(LANGUAGES))


def said(standing: Standing, chance: random.Random) -> list[object]:
    """What it says of everything: its keys, and what it finds in some texts."""
    found: list[object] = [sorted(standing.keys().tolist())]
    for number in range(12):
        words = " ".join(chance.choices(WORDS, k=6))
        text = Searchable(1, 1, words, words, LANGUAGES[number % 4], "news", "news", (), (), "", timezone.now())
        upto = standing.tx - chance.choice((0, 0, 40))
        found.append(sorted((match.key, sorted(match.words)) for match in standing.match(text, upto)))
    return found


@pytest.mark.parametrize("of", [1, 2])
@pytest.mark.parametrize("seed", [0, 2])
def test_it_is_as_if_all_rows_were_read_anew(house: House, seed: int, of: int) -> None:
    chance = random.Random(seed)
    with house.inside():
        divide(of)
    part = Part(house.organisation.pk, of - 1, of)
    for _ in range(chance.choice((0, 40))):
        change_something(house, chance)
    for _ in range(3):
        first = taken_up(house, part) or loaded(house, part)
        assert keep(first.saved(), first.tx, part)
        for _ in range(chance.choice((0, 3, 25))):
            change_something(house, chance)
        again, anew = taken_up(house, part), loaded(house, part)
        assert again is not None
        again.tx = anew.tx = max(again.tx, anew.tx)
        assert said(again, random.Random(seed)) == said(anew, random.Random(seed))
        # And it goes on as any other does.
        change_something(house, chance)
        with house.inside():
            upper = safe_tx()  # once: what other tests have open may end in between
            for each in (again, anew):
                each._look_at = 0.0
                each.follow(upper)
        assert said(again, random.Random(9)) == said(anew, random.Random(9))


def test_who_reads_in_another_language_by_now_is_matched_in_that(house: House, part: Part) -> None:
    own = profile(house, house.ines, "pompe")
    with house.inside():
        group = InterestProfile.objects.create(audience=house.everyone, query="tubos")
    before = kept(house, part)
    with house.inside():
        Person.objects.filter(pk=house.ines.pk).update(chosen_language="fr")
        make_person("Lea", language="es")
    again = taken_up(house, part)
    assert again is not None
    for words, language, key in (("Les pompes", "fr", own.pk), ("Un tubo", "es", group.pk)):
        version = Searchable(1, 1, words, "", language, "news", "news", (), (), "", timezone.now())
        assert [match.profile_id for match in before.match(version, again.tx)] == []
        assert [match.profile_id for match in again.match(version, again.tx)] == [key]


def test_versions_and_queries_from_before_and_after_are_matched_once(
    house: House, logged: pytest.LogCaptureFixture
) -> None:
    profile(house, house.ines, "pump")
    gone = profile(house, house.omar, "weir")
    house.publish("A pump")
    house.match()
    keep_all(is_last=True)
    forget_standing()
    house.publish("Another pump")
    house.await_others()
    profile(house, house.nadia, "pump OR weir")
    with house.inside():
        gone.delete()
    house.publish("A pump at a weir")
    house.match()
    assert "3 standing queries" not in logged.text
    assert "1 standing queries were taken from a snapshot" in logged.text
    assert house.got(house.ines) == ["A pump", "Another pump", "A pump at a weir"]
    assert house.got(house.nadia) == ["A pump at a weir"]
    assert house.got(house.omar) == []


# --- Refused ----------------------------------------------------------------------------------------------------------


def test_a_file_of_another_part_or_organisation_is_refused(
    house: House, part: Part, logged: pytest.LogCaptureFixture
) -> None:
    profile(house, house.ines, "pump")
    kept(house, part)
    with house.inside():
        divide(2)
    place_of(part).rename(place_of(Part(part.organisation_id, 0, 2)))
    assert taken_up(house, Part(part.organisation_id, 0, 2)) is None
    assert "holds other queries" in logged.text


@pytest.mark.parametrize("backup", ["of before the file", "put back, and gone on from"])
def test_a_file_of_a_database_that_was_put_back_is_refused(
    house: House, part: Part, logged: pytest.LogCaptureFixture, backup: str
) -> None:
    profile(house, house.ines, "pump")
    kept(house, part)
    with house.inside():
        if backup == "of before the file":
            StandingSnapshot.objects.all().delete()
        else:
            StandingSnapshot.objects.update(token="of another file")
    assert taken_up(house, part) is None
    assert "was not written for this database" in logged.text


def test_a_file_from_before_the_backup_that_was_put_back_serves(house: House, part: Part) -> None:
    """The database knows it, and all that has changed since the file, before the backup or after, is followed."""
    profile(house, house.ines, "pump")
    kept(house, part)
    file = place_of(part).read_bytes()
    profile(house, house.ines, "weir")
    place_of(part).write_bytes(file)
    again = taken_up(house, part)
    assert again is not None
    assert len(again) == 2


def test_a_file_that_is_ahead_of_the_database_is_refused(house: House, part: Part) -> None:
    profile(house, house.ines, "pump")
    ahead = kept(house, part).tx
    with house.inside():
        assert take_up(Standing(part), part, ahead)
        assert not take_up(Standing(part), part, ahead - 1)


def test_a_damaged_file_is_refused_and_matching_goes_on(house: House, logged: pytest.LogCaptureFixture) -> None:
    profile(house, house.ines, "pump")
    house.publish("A pump")
    house.match()
    keep_all(is_last=True)
    path = place_of(Part(house.organisation.pk))
    whole = path.read_bytes()
    for harmed in (b"", whole[:-7], whole[:900] + b"?" + whole[901:]):
        forget_standing()
        path.write_bytes(harmed)
        house.publish("Another pump")
        house.match()
    assert logged.text.count("is not used") == 3
    assert len(house.got(house.ines)) == 4


def test_a_file_of_another_version_is_refused(house: House, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(house, part)
    monkeypatch.setattr(snapshots, "_meaning", lambda: "the next version's")
    assert taken_up(house, part) is None


def test_a_file_that_was_put_in_place_as_its_worker_died_is_refused(
    house: House, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the renaming and the commit: the database does not know the file."""
    profile(house, house.ines, "pump")
    kept(house, part)

    def die(_folder: Path) -> None:
        raise OSError("killed")

    monkeypatch.setattr(snapshots, "_settle", die)
    with pytest.raises(OSError, match="killed"):
        kept(house, part)
    assert taken_up(house, part) is None
    monkeypatch.undo()
    kept(house, part)
    assert taken_up(house, part) is not None


# --- When, and for how long -------------------------------------------------------------------------------------------


def test_only_its_owner_reads_it(house: House, part: Part) -> None:
    kept(house, part)
    path = place_of(part)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_it_is_written_after_loading_then_when_enough_has_changed(
    house: House, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(house, house.ines, "pump")
    house.match()
    monkeypatch.setattr(keeping, "WORTH_IT", 2)
    assert not written(part)
    monkeypatch.setattr(keeping, "WORTH_IT", 1)
    assert written(part)
    assert not written(part)
    profile(house, house.ines, "weir")
    house.match()
    assert not written(part), "it has only just been written"
    monkeypatch.setattr(keeping, "SOONEST", 0.0)
    assert written(part)
    assert not written(part), "nothing has changed"
    monkeypatch.setattr(keeping, "LATEST", 0.0)
    assert written(part), "it would be thought to be nobody's"
    forget_standing()
    monkeypatch.setattr(keeping, "LATEST", 1e9)
    house.publish("A pump")
    house.match()
    assert not written(part), "it was read from there"


def written(part: Part) -> bool:
    """Whether a look writes a file."""
    before = place_of(part).stat().st_ino if place_of(part).exists() else None
    keep_all()
    return place_of(part).exists() and place_of(part).stat().st_ino != before


@pytest.mark.parametrize("has_followed", [True, False])
def test_what_a_person_had_erased_leaves_the_file(house: House, part: Part, has_followed: bool) -> None:
    """At the next comparison the file is written at once, whether or not it had left the memory before."""
    profile(house, house.ines, "pump")
    profile(house, house.omar, "secretwish")
    house.match()
    keep_all()
    assert b"secretwish" in place_of(part).read_bytes()
    with house.inside():
        end_membership(OPERATOR, house.omar)
        erase_person(OPERATOR, house.omar)
    if has_followed:
        house.match()
    keep_all(is_to_compare=True)
    assert b"secretwish" not in place_of(part).read_bytes()
    assert b"pump" in place_of(part).read_bytes()


@pytest.fixture
def wished(house: House, part: Part) -> Path:
    """The file of what Ines and Omar follow; Omar has had his erased since."""
    profile(house, house.ines, "pump")
    profile(house, house.omar, "secretwish")
    house.match()
    keep_all()
    assert b"secretwish" in place_of(part).read_bytes()
    with house.inside():
        end_membership(OPERATOR, house.omar)
        erase_person(OPERATOR, house.omar)
    return place_of(part)


@pytest.mark.parametrize("has_followed", [True, False])
def test_what_was_erased_leaves_the_disk_where_nothing_new_is_written(
    house: House, wished: Path, monkeypatch: pytest.MonkeyPatch, has_followed: bool
) -> None:
    """By the erasure there are fewer than a file is worth."""
    monkeypatch.setattr(keeping, "WORTH_IT", 2)
    if has_followed:
        house.match()
    keep_all(is_to_compare=True)
    assert not wished.exists()


def test_what_was_erased_leaves_the_disk_where_nothing_new_can_be_written(
    house: House, wished: Path, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    def refuse(_folder: Path) -> None:
        raise OSError("full")

    monkeypatch.setattr(snapshots, "_settle", refuse)
    keep_all(is_to_compare=True)
    assert "were not kept" in logged.text
    assert not wished.exists()


def test_what_was_erased_leaves_the_disk_whatever_comes_between(
    house: House, wished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that nobody thought of is told, and yet the old file does not stay as if it were the new one."""

    def fail(_path: Path, _saved: Any, _about: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("headwater.distribute.matcher.snapshot.write_snapshot", fail)
    with pytest.raises(MemoryError):
        keep_all(is_to_compare=True)
    assert not wished.exists()
    monkeypatch.undo()
    monkeypatch.setattr(keeping, "WORTH_IT", 1)
    keep_all(is_last=True)
    assert wished.exists(), "it is tried again"


def test_what_was_erased_leaves_a_file_that_was_refused(house: House, part: Part, wished: Path) -> None:
    """After an upgrade, say: the rows are read, and nothing of the file is in memory."""
    forget_standing()
    with house.inside():
        StandingSnapshot.objects.all().delete()
        InterestProfile.objects.exclude(query="").delete()
    house.match()
    keep_all(is_to_compare=True)
    assert not wished.exists()


def test_what_was_erased_leaves_a_file_that_another_host_wrote(house: House, wished: Path, settings: Any) -> None:
    """In a shared folder, whoever took the shard over goes on from it, and has no record of its own yet."""
    settings.HEADWATER_HOST = "another"
    forget_standing()
    house.match()
    keep_all(is_to_compare=True)
    assert b"secretwish" not in wished.read_bytes()


def test_what_was_erased_leaves_the_file_of_a_shard_that_others_hold(house: House, part: Part, wished: Path) -> None:
    tidy([part])
    assert wished.exists(), "whoever holds it writes it anew"
    tidy()
    assert not wished.exists()


@pytest.mark.parametrize(("minutes", "stays"), [(9, False), (11, True)])
def test_a_file_from_just_after_the_erasure_may_hold_it_too(wished: Path, minutes: int, stays: bool) -> None:
    """It may have been written while the transaction that erases was open still."""
    written_at = time.time() + 60 * minutes
    os.utime(wished, (written_at, written_at))
    tidy()
    assert wished.exists() == stays


def test_a_file_that_is_as_the_memory_is_stays(house: House, wished: Path) -> None:
    """For some minutes nobody can tell by the clock that it was written after the erasure."""
    keep_all(is_to_compare=True)
    written_at = wished.stat().st_mtime_ns
    keep_all(is_to_compare=True)
    assert wished.stat().st_mtime_ns == written_at


def test_a_file_that_is_gone_is_written_anew(house: House, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(house, house.ines, "pump")
    house.match()
    keep_all()
    place_of(part).unlink()
    keep_all()
    assert not place_of(part).exists(), "it has only just been written"
    monkeypatch.setattr(keeping, "SOONEST", 0.0)
    keep_all()
    assert place_of(part).exists()


def test_where_it_cannot_be_written_matching_goes_on_and_it_is_tried_again(
    house: House, part: Part, home: Path, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    profile(house, house.ines, "pump")
    house.match()
    (home / "standing").write_text("in the way")
    keep_all()
    assert "were not kept" in logged.text
    house.publish("A pump")
    house.match()
    assert house.got(house.ines) == ["A pump"]
    (home / "standing").unlink()
    monkeypatch.setattr(keeping, "SOONEST", 0.0)
    assert written(part)


def test_files_of_no_use_are_removed(house: House, part: Part) -> None:
    kept(house, part)
    folder = place_of(part).parent
    draft = f"{place_of(part).name}.abc.draft"
    (folder / draft).touch()
    for stranger in ("0-0-of-1", f"{part.organisation_id}-1-of-2", "99999999999999999999-0-of-1", "a-b-of-c"):
        (folder / stranger).touch()
    tidy()
    assert {each.name for each in folder.iterdir()} == {place_of(part).name, draft}
    long_ago = time.time() - 2 * snapshots.OLDEST
    for each in folder.iterdir():
        os.utime(each, (long_ago, long_ago))
    tidy()
    assert list(folder.iterdir()) == []
    kept(house, part)
    with house.inside():
        divide(2)
    tidy()
    assert list(folder.iterdir()) == []
    assert not keep({}, 1, part), "a part that is no more is not kept"
    assert list(folder.iterdir()) == []


def test_the_service_keeps_what_is_held_when_it_is_told_to_stop(
    house: House, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(house, house.ines, "pump")
    house.match()
    stop = threading.Event()
    thread = threading.Thread(target=run_service, args=(keep_standing, stop))
    thread.start()
    stop.set()
    thread.join(30)
    assert place_of(part).exists()


def test_the_service_looks_now_and_then_and_outlives_a_fault(
    house: House, part: Part, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    faults = iter((OSError("away"), None))

    def look(_held: list[Part]) -> Any:
        if (fault := next(faults, None)) is not None:
            raise fault
        tidied.set()

    tidied = threading.Event()
    monkeypatch.setattr(keeping, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(keeping, "COMPARE_EVERY", 0.0)
    monkeypatch.setattr(keeping, "tidy", look)
    profile(house, house.ines, "pump")
    house.match()
    stop = threading.Event()
    thread = threading.Thread(target=run_service, args=(keep_standing, stop))
    thread.start()
    assert tidied.wait(30)
    stop.set()
    thread.join(30)
    assert place_of(part).exists()
    assert "it is tried again: away" in logged.text
