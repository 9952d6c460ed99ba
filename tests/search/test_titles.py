"""What is held about a person names no title that is closed to them now."""

from headwater.people.models import Person
from headwater.search.models import Entry, Kind
from headwater.search.titles import told


def test_a_closed_title_gives_way_to_words(ines: Person, otto: Person) -> None:
    entry = Entry.objects.create(kind=Kind.POLICY, title="Secret", owner=otto)
    rows = Entry.objects.filter(pk=entry.pk)
    assert told(otto, rows, "pk", "title", "kind") == [{"title": "Secret", "kind": "policy"}]
    assert told(ines, rows, "pk", "title", "kind") == [{"title": "no longer open to you", "kind": "policy"}]
