"""The log stays readable while the database is away."""

import logging
import sys

from django.db import OperationalError
from procrastinate.exceptions import ConnectorException

from headwater.core.logs import WithoutTraceback


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


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    record = record_of(KeyError("a bug"))
    assert WithoutTraceback().filter(record)
    assert "Traceback" in logging.Formatter().format(record)
