"""What PostgreSQL finds out about its tables by itself, told at once, of rows that a test has not committed.

Tables that were just filled are planned as if they were nearly empty, until they are analysed. In production that is
done within seconds of a commit. A test that never commits would wait for plans that nobody ever meets: every row of one
table beside every row of another.
"""

import psycopg
from django.db import connection
from django.db.models import Model

from tests.conftest import _owner_dsn

# Only its owner may analyse a table, and only the test's transaction sees the rows: it asks in the owner's name.
IN_THE_OWNERS_NAME = """
CREATE OR REPLACE FUNCTION analyse_for_test(filled regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
AS $$ BEGIN EXECUTE format('ANALYZE %s', filled); END $$
"""


def analyse(*models: type[Model]) -> None:
    """Plans of queries on these models' tables know from now on what the tables hold; kept plans are made anew.

    What the rows are like is forgotten with the test; that there were so many is not, until the next analysis.
    """
    with psycopg.connect(**_owner_dsn(connection.settings_dict["NAME"]), autocommit=True) as owner:
        owner.execute(IN_THE_OWNERS_NAME)
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute("SELECT analyse_for_test(%s)", [model._meta.db_table])
