"""Telling a person something from any room: a row that distribute sends and Today shows, once a dedupe key."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from headwater.core.languages import speaking
from headwater.people.models import Notice, Person


def tell(
    person: Person,
    text: Any,
    url: str = "",
    dedupe_key: str = "",
    urgency: str = Notice.Urgency.NORMAL,
    due_at: datetime | None = None,
) -> Notice | None:
    """Tell a person (in their language when `text` is lazy). The same matter again changes and reopens its notice.

    `dedupe_key` names the matter, such as `source-failed:17`; `url` is a path inside the organisation. Nobody who has
    left is told: then the answer is None. An open notice that says the same already is left as it is.
    """
    if not dedupe_key:
        raise ValueError("a notice needs a dedupe key: it says which matter this is")
    if not person.is_active:
        return None
    with speaking(person.reading_language):
        said = {"text": str(text)[:500], "url": url, "urgency": urgency, "due_at": due_at}
    notice, created = Notice.objects.get_or_create(person=person, dedupe_key=dedupe_key, defaults=said)
    if created or (notice.done_at is None and all(getattr(notice, name) == value for name, value in said.items())):
        return notice
    if notice.done_at is not None:
        notice.created_at = timezone.now()
    for name, value in {**said, "done_at": None}.items():
        setattr(notice, name, value)
    notice.save()
    return notice


def settle(dedupe_key: str, person: Person | None = None) -> int:
    """The matter is dealt with (for that person, or for everybody): its open notices are done. How many they were."""
    open_ones = Notice.objects.filter(dedupe_key=dedupe_key, done_at=None)
    if person is not None:
        open_ones = open_ones.filter(person=person)
    return open_ones.update(done_at=timezone.now())
