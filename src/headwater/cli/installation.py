"""Opening the installation for a command: the environment, the schema of this version, Django, and who acts where."""

import contextlib
import hashlib
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from headwater.cli.errors import CommandFailed
from headwater.core.cluster.locks import FileLock
from headwater.core.home_folder import Installation, prepare_environment
from headwater.core.shape import has_this_shape, shape

if TYPE_CHECKING:
    from headwater.core.actions import Actor
    from headwater.core.models import Organisation
    from headwater.people.models import Person

LONGEST_UPDATE = 600  # seconds to wait while another command updates the schema


@contextlib.contextmanager
def open_installation() -> Iterator[Installation]:
    """An installation whose database answers and has this version's tables, with Django set up."""
    with prepare_environment() as installation:
        update_schema(installation)
        import django

        django.setup()
        try:
            yield installation
        finally:
            _close_connections()


def _close_connections() -> None:
    """Before the last one out stops PostgreSQL: a pool left open would go on asking for it, and warn aloud."""
    from django.db import connections

    from headwater.core.postgresql.base import DatabaseWrapper

    for connection in connections.all(initialized_only=True):
        if isinstance(connection, DatabaseWrapper):
            connection.close()
            connection.close_pool()


def update_schema(installation: Installation) -> None:
    """Migrate once for each version of the code and each database; afterwards only a file is looked at.

    Migrating happens in a process of its own, the only one that may act as the owner of the tables.
    """
    stamp = installation.home / "schema.stamp"
    wanted = _fingerprint(installation.app_url)
    if _read(stamp) == wanted:
        return
    lock = FileLock(installation.home / "schema.lock")
    if not lock.own(LONGEST_UPDATE):
        raise CommandFailed("Another command has been updating the database for minutes. End it, and try again.")
    try:
        if _read(stamp) != wanted:
            _migrate(installation)
            stamp.write_text(wanted)
    finally:
        lock.release()


def _migrate(installation: Installation) -> None:
    if installation.owner_url is None:
        if has_this_shape(installation.app_url):
            return  # another host has seen to it
        raise CommandFailed(
            "The database must be brought to this version's tables, and only their owner can do that. Nothing was "
            "changed. Set DATABASE_OWNER_URL beside DATABASE_URL, and run the command again."
        )
    psycopg.connect(installation.owner_url).close()  # one that is away is told in a sentence
    code = "import django; django.setup(); from headwater.core.schema import update_schema; update_schema()"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=installation.migrating_environment(),
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        raise CommandFailed(f"The database could not be brought to this version's tables.\n{answer.stderr.strip()}")


def _fingerprint(database: str) -> str:
    """Changes with the database and with anything that shapes its tables."""
    return hashlib.sha256(f"{database} {shape()}".encode()).hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@contextlib.contextmanager
def opened(options: Namespace) -> Iterator["Organisation"]:
    """The installation and the organisation that is meant; no transaction is open yet."""
    with open_installation():
        from headwater.core.actions import door

        with door("cli"):
            yield find_organisation(options.organisation)


@contextlib.contextmanager
def acting(organisation: "Organisation", options: Namespace) -> Iterator["Actor"]:
    """A transaction inside the organisation, and who acts in it: --as, or the local operator."""
    from headwater.core.actions import OPERATOR
    from headwater.core.wall import organisation_context

    with organisation_context(organisation.pk):
        yield find_person(options.person) if options.person else OPERATOR


def find_organisation(slug: str | None) -> "Organisation":
    """The organisation with that slug; without one, the only one there is."""
    from headwater.core.models import Organisation

    found = list(Organisation.objects.filter(slug=slug) if slug else Organisation.objects.order_by("slug")[:20])
    if len(found) == 1:
        return found[0]
    if slug:
        raise CommandFailed(f"There is no organisation called {slug!r} here.")
    if not found:
        raise CommandFailed("There is no organisation yet. Run `headwater init`, or `headwater init --demo`.")
    slugs = ", ".join(organisation.slug for organisation in found)
    raise CommandFailed(f"There are several organisations: say which with --organisation ({slugs}).")


def find_person(wish: str) -> "Person":
    """An active person by number, mail address or name."""
    from django.db.models import Q

    from headwater.core.typed import read_number
    from headwater.people.models import Person

    number = read_number(wish)
    match = Q(email__iexact=wish) | Q(name__iexact=wish) if number is None else Q(pk=number)
    found = [person for person in Person.objects.filter(match)[:20] if person.is_active]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(f"There is no active person {wish!r} in this organisation.")
    raise CommandFailed(f"Several people are called {wish!r}: give a mail address with --as.")


def reader(actor: "Actor") -> "Person":
    """Somebody who reads: the person who acts, or the only person there is."""
    from headwater.people.models import Person

    if isinstance(actor, Person):
        return actor
    found = [person for person in Person.objects.all()[:3] if person.is_active]
    if len(found) == 1:
        return found[0]
    raise CommandFailed("What there is to read depends on who reads: say who with --as PERSON (mail address or name).")


def child_environment() -> dict[str, str]:
    """The environment for the processes of `up`: what this process prepared, without the owner's address."""
    environment = dict(os.environ)
    environment.pop("DATABASE_OWNER_URL", None)
    return environment
