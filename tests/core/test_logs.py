"""The log stays readable while the database is away, and when people try doors that are closed to them."""

import io
import logging
import sys
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.test import Client
from procrastinate.exceptions import ConnectorException

from headwater.core.addresses import address
from headwater.core.logs import WithoutTraceback
from headwater.people.models import Person


def record_of(error: Exception) -> logging.LogRecord:
    """What `log.exception` makes of an error that was raised."""
    try:
        raise error
    except Exception:
        return logging.LogRecord("x", logging.ERROR, __file__, 1, "%s failed:", ("deferrer",), sys.exc_info())


def test_a_database_that_is_away_takes_one_line() -> None:
    error = ConnectorException()
    error.__cause__ = OperationalError("connection failed:\n  nobody listens")
    record = record_of(error)
    assert WithoutTraceback().filter(record)
    assert logging.Formatter().format(record) == "deferrer failed: connection failed: nobody listens"


def test_a_refusal_takes_one_line_that_says_where_and_why(ines: Person, sign_in: Callable[[Person], Client]) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(WithoutTraceback())
    logging.getLogger("django.request").addHandler(handler)
    try:
        assert sign_in(ines).get(address("gather:sources")).status_code == 403
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    (line,) = written.getvalue().splitlines()
    place = address("gather:sources")
    assert line == f"Forbidden (Permission denied): {place} Sources are shown to those who write, manage or administer."


def test_everything_that_is_logged_goes_through_the_filter() -> None:
    (name,) = settings.LOGGING["root"]["handlers"]
    assert settings.LOGGING["handlers"][name]["filters"] == ["short"]


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    record = record_of(KeyError("a bug"))
    assert WithoutTraceback().filter(record)
    assert "Traceback" in logging.Formatter().format(record)
