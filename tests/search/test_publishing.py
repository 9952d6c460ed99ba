"""New versions: numbered, only when something changed, with near-copies recognised."""

import hashlib

import pytest
from django.utils import timezone

from headwater.people.models import Person
from headwater.search.actions import (
    NewVersion,
    publish_version,
    publish_versions,
    restore_entry,
    withdraw_entries,
    withdraw_entry,
)
from headwater.search.models import Entry, EntryVersion, Kind

LONG = " ".join(f"the crew checks valve number {number} and writes down the pressure" for number in range(30))


def make_entry(owner: Person, **fields: object) -> Entry:
    return Entry.objects.create(kind=Kind.GATHERED, title="", owner=owner, **fields)


def publish(entry: Entry, title: str = "Valves", text: str = "Turn left.") -> EntryVersion | None:
    return publish_version(entry, title=title, text=text, language="en", author="", published_at=timezone.now())


def test_a_version_becomes_current(ines: Person) -> None:
    entry = make_entry(ines)
    version = publish(entry)
    entry.refresh_from_db()
    assert version is not None
    assert (entry.current_version, entry.title, version.number) == (version, "Valves", 1)
    assert version.checksum == hashlib.sha256(b"Valves\nTurn left.").hexdigest()


def test_the_same_text_is_no_version(ines: Person) -> None:
    entry = make_entry(ines)
    publish(entry)
    assert publish(entry) is None
    assert entry.versions.count() == 1


def test_a_changed_title_is_a_version(ines: Person) -> None:
    entry = make_entry(ines)
    publish(entry)
    second = publish(entry, title="All valves")
    assert second is not None
    assert second.number == 2


def test_what_cannot_be_stored_is_left_out(ines: Person) -> None:
    version = publish(make_entry(ines), title="T" * 600, text="a\x00b\ud800c")
    assert version is not None
    version.refresh_from_db()
    assert (len(version.title), version.text) == (500, "ab?c")


def test_a_batch_keeps_its_order_and_skips_what_is_unchanged(ines: Person) -> None:
    entries = [make_entry(ines) for _ in range(3)]
    publish(entries[1], "B", "b")
    rows = zip(entries, "ABC", "abc", strict=True)
    made = publish_versions([NewVersion(entry, title, text, "en", "", timezone.now()) for entry, title, text in rows])
    assert [version and version.title for version in made] == ["A", None, "C"]
    assert list(Entry.objects.order_by("pk").values_list("title", flat=True)) == ["A", "B", "C"]


def test_an_entry_stands_once_in_a_batch(ines: Person) -> None:
    entry = make_entry(ines)
    new = NewVersion(entry, "A", "a", "en", "", timezone.now())
    with pytest.raises(ValueError, match="twice"):
        publish_versions([new, new])


def test_near_copies_point_to_the_first(ines: Person) -> None:
    first, copy, other, third = (make_entry(ines) for _ in range(4))
    publish(first, "Valves", LONG)
    publish(copy, "Valves, again", LONG + " Done.")
    publish(other, "Pumps", " ".join(f"pump {number} runs dry when its float sticks low" for number in range(30)))
    publish(third, "Valves once more", LONG.replace("number 3 ", "number three "))
    assert [entry.copy_of_id for entry in (first, copy, other, third)] == [None, first.pk, None, first.pk]


@pytest.mark.parametrize("original", [0, -1, 0x7FFF_0123_4567_89AB, -0x7FFF_0123_4567_89AB])
@pytest.mark.parametrize("flipped", [(), (63,), (0, 16, 32), (15, 31, 63), (40, 41, 42)])
def test_a_near_copy_is_found_by_its_bands_wherever_it_differs(
    ines: Person, monkeypatch: pytest.MonkeyPatch, original: int, flipped: tuple[int, ...]
) -> None:
    bits = original & (1 << 64) - 1
    for bit in flipped:
        bits ^= 1 << bit
    prints = {"one": original, "other": bits - (1 << 64) if bits >> 63 else bits}
    monkeypatch.setattr("headwater.search.publishing.fingerprint", prints.__getitem__)
    first, copy = make_entry(ines), make_entry(ines)
    publish(first, text="one")
    publish(copy, text="other")
    copy.refresh_from_db()
    assert copy.copy_of_id == first.pk


def test_near_copies_inside_one_batch(ines: Person) -> None:
    first, copy = make_entry(ines), make_entry(ines)
    publish_versions([NewVersion(entry, "Valves", LONG, "en", "", timezone.now()) for entry in (first, copy)])
    copy.refresh_from_db()
    assert copy.copy_of_id == first.pk


def test_short_texts_are_nobodys_copy(ines: Person) -> None:
    first, second = make_entry(ines), make_entry(ines)
    publish(first)
    publish(second)
    assert second.copy_of_id is None


def test_withdrawn_and_restored(ines: Person) -> None:
    first, second = make_entry(ines), make_entry(ines)
    publish(first)
    publish(second, "Pumps")
    withdraw_entries([first, second])
    assert not Entry.objects.current().exists()
    restore_entry(first)
    assert list(Entry.objects.current()) == [first]
    withdraw_entry(first)
    assert not Entry.objects.current().exists()
