"""What is held about a person names no title that is closed to them now."""

from headwater.people.models import Person
from headwater.search.models import Entry, Kind
from headwater.search.titles import told, without_closed


def test_a_closed_title_gives_way_to_words(ines: Person, otto: Person) -> None:
    entry = Entry.objects.create(kind=Kind.POLICY, title="Secret", owner=otto)
    rows = Entry.objects.filter(pk=entry.pk)
    for person, title in ((otto, "Secret"), (ines, "no longer open to you")):
        lists = {"owned": list(told(person, rows, "", "title", "kind")), "words": ["pump"]}
        assert without_closed(lists) == {"owned": [{"title": title, "kind": "policy"}], "words": ["pump"]}
