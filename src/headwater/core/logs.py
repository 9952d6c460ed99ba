"""What goes into the log, and how long it is."""

import logging

import psycopg
from django.db import InterfaceError, OperationalError
from procrastinate.exceptions import ConnectorException

_AWAY = (ConnectorException, OperationalError, InterfaceError, psycopg.OperationalError)


class WithoutTraceback(logging.Filter):
    """Says in one line that the database is away: everybody waits for it, and where they wait helps nobody."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shortens the record in place; every record is kept."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _AWAY):
            cause = error.__cause__ or error
            record.msg = f"{record.getMessage().strip()} {' '.join(str(cause).split())}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True
