"""The database of the test run, and the small cast that every test knows.

The database is the real one: migrated by the owner, used as the application's role, behind row-level security.
A template database is kept for each state of the schema, so that a run costs a copy and not a migration.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.test import Client
from psycopg import sql

from headwater.core import afterwards
from headwater.core.models import Classification, Organisation, User
from headwater.core.wall import organisation_context
from headwater.people.models import Audience, AudienceMember, Grant, Permission, Person, Unit

SOURCES = Path(__file__).parents[1] / "src" / "headwater"


# --- Database ---------------------------------------------------------------------------------------------------------


def _schema_key() -> str:
    made_by = [SOURCES / "core" / name for name in ("schema.py", "wall.py")]
    files = sorted([*SOURCES.glob("*/migrations/*.py"), *made_by])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _owner_dsn(database: str) -> dict[str, Any]:
    owner = settings.DATABASES["owner"]
    return {
        "host": owner["HOST"],
        "port": owner["PORT"] or None,
        "user": owner["USER"],
        "password": owner["PASSWORD"],
        "dbname": database,
    }


def _create(connection: "psycopg.Connection[Any]", name: str, template: str) -> None:
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: "psycopg.Connection[Any]", name: str) -> None:
    """Again and again while a vacuum of PostgreSQL's own, which nobody else may end, is at work in it."""
    for _attempt in range(60):
        with suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            return
        time.sleep(0.5)
    raise TimeoutError(f"the database {name} could not be dropped")


def _use(database: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        settings.DATABASES[alias]["NAME"] = connections[alias].settings_dict["NAME"] = database
        connections[alias].settings_dict["OPTIONS"].pop("pool", None)


def _ensure_template(connection: "psycopg.Connection[Any]", name: str) -> None:
    from headwater.core.schema import update_schema

    connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        building = f"{name}_building"
        _drop(connection, building)
        _create(connection, building, "template0")
        _use(building)
        update_schema()
        for alias in ("default", "owner"):
            connections[alias].close()
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name))
        )
    connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """One database for this process, dropped at the end."""
    name = f"test_{os.getpid()}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    template = f"test_template_{_schema_key()}"
    with (
        django_db_blocker.unblock(),
        psycopg.connect(**_owner_dsn(settings.DATABASES["owner"]["NAME"]), autocommit=True) as server,
    ):
        _ensure_template(server, template)
        _drop(server, name)
        _create(server, name, template)
        _use(name)
        yield
        for alias in ("default", "owner"):
            connections[alias].close()
        _drop(server, name)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real transactions, seen by other connections and processes; every table is emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        connections["default"].close()
        tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed]
        kept = {"django_content_type", "auth_permission", "django_migrations"}
        names = sql.SQL(", ").join(sql.Identifier(table) for table in sorted(set(tables) - kept))
        with psycopg.connect(**_owner_dsn(settings.DATABASES["owner"]["NAME"]), autocommit=True) as owner:
            # Numbers go on: what a process remembers of organisation 2 must never be told of another organisation.
            owner.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))


@pytest.fixture(autouse=True, scope="session")
def done_at_once() -> Iterator[None]:
    """What is done a moment after an answer is done when the answer is closed, by whoever closes it: the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(afterwards._later, "_begin", afterwards._later.do_waiting)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    """A home folder of the test's own: blobs, index, outbox."""
    settings.HEADWATER_HOME = tmp_path / "home"
    settings.HEADWATER_HOME.mkdir()
    return settings.HEADWATER_HOME


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; tests that use it skip where it is missing."""
    folder = Path(os.environ.get("HEADWATER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data are not here (HEADWATER_DATA)")
    return folder


# --- The cast ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def organisation(db: None) -> Iterator[Organisation]:
    """The Waterworks, with its context open for the whole test."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        yield organisation


@pytest.fixture
def unit(organisation: Organisation) -> Unit:
    """Drainage, a unit at the top."""
    unit = Unit.objects.create(slug="drainage", name="Drainage")
    unit.path = f"/{unit.pk}/"
    unit.save()
    return unit


def make_person(name: str, *permissions: str, unit: Unit | None = None, **fields: Any) -> Person:
    """A person of the current organisation with a user, and those permissions in the whole organisation."""
    email = f"{name.lower().replace(' ', '.')}@waterworks.example"
    user, _ = User.objects.get_or_create(email=email, defaults={"name": name})
    person = Person.objects.create(name=name, email=email, user=user, unit=unit, **fields)
    for permission in permissions:
        Grant.objects.create(person=person, permission=permission)
    return person


@pytest.fixture
def ines(unit: Unit) -> Person:
    """A reader in Drainage."""
    return make_person("Ines", Permission.READER, unit=unit)


@pytest.fixture
def nadia(unit: Unit) -> Person:
    """The knowledge manager, cleared for restricted."""
    return make_person(
        "Nadia", Permission.KNOWLEDGE_MANAGER, Permission.CONTRIBUTOR, unit=unit, clearance=Classification.RESTRICTED
    )


@pytest.fixture
def otto(unit: Unit) -> Person:
    """The head of Drainage, a contributor."""
    otto = make_person("Otto", Permission.CONTRIBUTOR, unit=unit)
    unit.head = otto
    unit.save()
    return otto


@pytest.fixture
def hadia(unit: Unit) -> Person:
    """An expert and steward."""
    return make_person("Hadia", Permission.EXPERT, Permission.STEWARD, Permission.CONTRIBUTOR, unit=unit)


@pytest.fixture
def ada(organisation: Organisation) -> Person:
    """The administrator, who is no reader by that."""
    return make_person("Ada", Permission.ADMINISTRATOR)


@pytest.fixture
def everyone(organisation: Organisation) -> Audience:
    """The audience of all. Make it before or after the people; call `enrol` when people were made later by hand."""
    audience = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
    enrol(audience)
    return audience


def enrol(audience: Audience) -> None:
    """Put every person of the organisation into the audience, as its rule would."""
    inside = audience.member_links.values("person")
    AudienceMember.objects.bulk_create(
        AudienceMember(audience=audience, person=person) for person in Person.objects.exclude(pk__in=inside)
    )


@pytest.fixture
def sign_in() -> Callable[[Person], Client]:
    """A browser in which that person is signed in."""

    def signed_in(person: Person) -> Client:
        client = Client()
        assert person.user is not None
        client.force_login(person.user)
        return client

    return signed_in


@pytest.fixture
def clean_home(home: Path) -> Iterator[Path]:
    """The home, removed at once afterwards (for tests that fill it)."""
    yield home
    shutil.rmtree(home, ignore_errors=True)
