"""Notices: one a matter and person, changed and reopened rather than repeated."""

from datetime import timedelta

import pytest
from django.utils import timezone

from headwater.people.models import Notice, Person
from headwater.people.notices import settle, tell


def test_one_notice_a_matter(ines: Person) -> None:
    first = tell(ines, "The source failed.", "/gather/1/", dedupe_key="source:1")
    again = tell(ines, "The source failed.", "/gather/1/", dedupe_key="source:1")
    assert first is not None
    assert again == first
    assert Notice.objects.count() == 1


def test_the_same_told_again_writes_nothing(ines: Person) -> None:
    tell(ines, "It failed.", dedupe_key="source:1")
    Notice.objects.update(created_at=timezone.now() - timedelta(days=3))
    before = Notice.objects.values().get()
    tell(ines, "It failed.", dedupe_key="source:1")
    assert Notice.objects.values().get() == before


def test_changed_words_change_the_notice(ines: Person) -> None:
    tell(ines, "1 failed.", dedupe_key="source:1")
    tell(ines, "2 failed.", dedupe_key="source:1", urgency=Notice.Urgency.URGENT)
    notice = Notice.objects.get()
    assert (notice.text, notice.urgency) == ("2 failed.", "urgent")


def test_settled_and_told_anew(ines: Person, nadia: Person) -> None:
    tell(ines, "It failed.", dedupe_key="source:1")
    tell(nadia, "It failed.", dedupe_key="source:1")
    assert settle("source:1", ines) == 1
    assert settle("source:1") == 1
    assert settle("source:1") == 0
    tell(ines, "It failed.", dedupe_key="source:1")
    assert Notice.objects.get(done_at=None).person == ines


def test_who_has_left_is_not_told(ines: Person) -> None:
    ines.left_on = timezone.now().date()
    ines.save()
    assert tell(ines, "It failed.", dedupe_key="source:1") is None
    assert not Notice.objects.exists()


def test_a_notice_needs_its_matter(ines: Person) -> None:
    with pytest.raises(ValueError, match="dedupe key"):
        tell(ines, "It failed.")
