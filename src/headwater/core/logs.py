"""What goes into the log, and how long it is."""

import logging

import psycopg
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from procrastinate.exceptions import ConnectorException

_AWAY = (ConnectorException, OperationalError, InterfaceError, psycopg.OperationalError)
_SHORT = (*_AWAY, PermissionDenied)


class WithoutTraceback(logging.Filter):
    """Says in one line that the database is away, or that somebody was refused: where in the code helps nobody."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shortens the record in place; every record is kept."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _SHORT):
            cause = error.__cause__ or error
            record.msg = f"{record.getMessage().strip()} {' '.join(str(cause).split())}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True
