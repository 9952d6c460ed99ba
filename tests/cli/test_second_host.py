"""A further host on the same database needs no owner's address: the tables say of which version they are."""

from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from headwater.cli.errors import CommandFailed
from headwater.cli.installation import update_schema
from headwater.core.home_folder import Installation


def url(alias: str) -> str:
    database = settings.DATABASES[alias]
    password, host = quote(database["PASSWORD"], safe=""), quote(database["HOST"], safe="/")
    port = f"&port={database['PORT']}" if database["PORT"] else ""
    return f"postgresql://{database['USER']}:{password}@/{database['NAME']}?host={host}{port}"


def test_a_second_host_needs_no_owner_for_tables_of_its_version(committed: None, tmp_path: Path) -> None:
    update_schema(Installation(tmp_path, None, url("default"), None))
    assert (tmp_path / "schema.stamp").exists()


def test_tables_of_another_version_need_their_owner(committed: None, tmp_path: Path) -> None:
    with psycopg.connect(url("owner")) as owner:
        row = owner.execute("SELECT obj_description('django_migrations'::regclass)").fetchone()
        owner.execute("COMMENT ON TABLE django_migrations IS 'another'")
    try:
        with pytest.raises(CommandFailed, match="DATABASE_OWNER_URL"):
            update_schema(Installation(tmp_path, None, url("default"), None))
        assert not (tmp_path / "schema.stamp").exists()
    finally:
        with psycopg.connect(url("owner")) as owner:
            owner.execute(f"COMMENT ON TABLE django_migrations IS '{row[0] if row else ''}'")
