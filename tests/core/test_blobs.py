"""Raw bytes by their content: kept once, and purged when no record of any room needs them, also while others keep."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from headwater.core import blobs
from headwater.core.blobs import GRACE, blob_path, digests_in_use, purge_unused, put_blob, read_blob
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.gather.models import Document, Source
from headwater.library.models import Article, Attachment
from headwater.people.models import Person
from headwater.search.models import Entry, Kind


def age(digest: str) -> None:
    """As if it had been kept a month ago."""
    long_ago = (timezone.now() - timedelta(days=30)).timestamp()
    os.utime(blob_path(digest), (long_ago, long_ago))


def purge_twice() -> int:
    """Seen without a record, and again after the time of grace."""
    return purge_unused() + purge_unused(timezone.now() + GRACE + timedelta(minutes=1))


def document_of(digest: str, owner: Person) -> Document:
    source = Source.objects.get_or_create(slug="uploads", defaults={"name": "U", "kind": "upload", "owner": owner})[0]
    return Document.objects.create(source=source, key=digest, blob=digest)


def attachment_of(digest: str, owner: Person) -> Attachment:
    entry = Entry.objects.create(kind=Kind.PROCEDURE, title="Air", owner=owner)
    article = Article.objects.create(entry=entry, author=owner)
    return Attachment.objects.create(article=article, name="plan.png", blob=digest, size=1, added_by=owner)


def test_bytes_are_purged_when_the_last_room_needs_them_no_more(nadia: Person) -> None:
    digest, other = put_blob(b"shared by two rooms"), put_blob(b"needed by one")
    document, attachment = document_of(digest, nadia), attachment_of(digest, nadia)
    document_of(other, nadia)
    assert digests_in_use() == {digest, other}
    for row in (document, attachment):
        age(digest)
        assert purge_twice() == 0
        row.delete()
    age(digest)
    assert purge_unused() == 0, "the time of grace begins when it is first seen without a record"
    assert read_blob(digest) == b"shared by two rooms"
    assert purge_unused(timezone.now() + GRACE + timedelta(minutes=1)) == 1
    assert not blob_path(digest).exists()
    assert read_blob(other) == b"needed by one"


def test_bytes_that_are_kept_again_stay(nadia: Person) -> None:
    digest = put_blob(b"kept, forgotten, and kept again")
    age(digest)
    purge_unused()
    later = timezone.now() + GRACE + timedelta(minutes=1)
    os.utime(blob_path(digest), (later.timestamp(), later.timestamp()))  # somebody keeps it just then
    assert purge_unused(later) == 0
    assert read_blob(digest)
    document_of(digest, nadia)
    age(digest)
    assert purge_unused(later) == 0
    assert digest not in blobs._remembered()


def test_bytes_of_another_organisation_are_another_matter(committed: None) -> None:
    first, second = (Organisation.objects.create(slug=slug, name=slug) for slug in ("one", "two"))
    for organisation in (first, second):
        with organisation_context(organisation.pk):
            digest = put_blob(b"the same in both")
            age(digest)
    with organisation_context(second.pk):
        document_of(digest, Person.objects.create(name="Nadia", email="nadia@two.example"))
    for organisation, number in ((first, 1), (second, 0)):
        with organisation_context(organisation.pk):
            assert purge_twice() == number


@pytest.mark.usefixtures("organisation")
def test_keeping_while_purging_loses_nothing(organisation: Organisation) -> None:
    """Whoever has kept bytes finds them afterwards, however a purge runs beside it."""
    digest = put_blob(b"kept and purged at once")
    path, before = blob_path(digest), (timezone.now() - GRACE).timestamp()
    over = threading.Event()

    def purge_without_end() -> None:
        while not over.is_set():
            blobs._purge(path, before)

    purging = threading.Thread(target=purge_without_end)
    purging.start()
    lost = 0
    try:
        for _ in range(300):
            age_quietly(path)
            put_blob(b"kept and purged at once")
            lost += not settled(path)
    finally:
        over.set()
        purging.join()
    assert lost == 0
    assert read_blob(digest) == b"kept and purged at once"


def age_quietly(path: Path) -> None:
    """As if it had been kept a month ago, unless it is gone."""
    long_ago = (timezone.now() - timedelta(days=30)).timestamp()
    with suppress(FileNotFoundError):
        os.utime(path, (long_ago, long_ago))


def settled(path: Path) -> bool:
    """Whether the file is there, or there again once a purge that looked at it has put it back."""
    deadline = time.monotonic() + 30
    while not path.exists():
        if time.monotonic() > deadline:
            return False
    return True


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The kernel refuses to write more into a file, as it does when the disk is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def kept_files(digest: str) -> list[str]:
    return [path.name for path in blob_path(digest).parent.iterdir()]


def test_bytes_that_find_no_room_leave_nothing_behind(nadia: Person) -> None:
    data = b"more than there is room for " * 1_000
    for _ in range(3):
        with no_file_larger_than(1_000), pytest.raises(OSError, match="File too large"):
            put_blob(data)
    digest = put_blob(data)
    assert kept_files(digest) == [digest]


def test_what_a_killed_process_left_half_written_is_purged_in_time(nadia: Person) -> None:
    digest = put_blob(b"whole")
    document_of(digest, nadia)
    old, young = (blob_path(digest).with_name(name) for name in (".a1b2c3", ".d4e5f6"))
    for path in (old, young):
        path.write_bytes(b"ha")
    age_quietly(old)
    assert purge_unused() == 0
    assert sorted(kept_files(digest)) == [young.name, digest]
