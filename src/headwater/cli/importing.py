"""Large files at the command line: brought in as the pages do it, by an import whose progress everybody sees."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headwater.cli.errors import CommandFailed

if TYPE_CHECKING:
    from headwater.core.actions import Actor
    from headwater.core.models import Import

KINDS = {f"import_{kind}": kind for kind in ("units", "roles", "people", "communities")}
SCHEME = "import_scheme"
TELL_EVERY = 1.0  # seconds between lines of progress at a terminal


def is_lengthy(function: Callable[..., Any], given: dict[str, Any]) -> bool:
    """Whether a verb brings in a file that is too large to be done while somebody waits for a page."""
    from headwater.core.imports import is_large
    from headwater.taxonomy.actions.schemes import LARGE_BYTES

    if function.__name__ == SCHEME:
        return len(given["content"]) > LARGE_BYTES
    return function.__name__ in KINDS and is_large(given["content"])


def begin(function: Callable[..., Any], actor: "Actor", given: dict[str, Any]) -> "Import":
    """Begin the import that does what the verb would have done."""
    from headwater.people.actions import begin_import
    from headwater.taxonomy.actions import begin_scheme_import

    if function.__name__ == SCHEME:
        return begin_scheme_import(actor, **given)
    return begin_import(actor, KINDS[function.__name__], **given)


def finish(organisation_id: int, row: "Import") -> None:
    """Carry an import out, or wait until a worker has, and tell on a terminal how far it is.

    Called outside every transaction. Ended early, it is left to the worker. Raises CommandFailed with the message of an
    import that failed; nothing was changed by it.
    """
    from headwater.core.models import Import
    from headwater.core.wall import organisation_context
    from headwater.people import jobs as people
    from headwater.taxonomy import jobs as taxonomy
    from headwater.taxonomy.actions.schemes import TOPICS

    carry_out = taxonomy.carry_out_import if row.kind == TOPICS else people.carry_out_import
    with _telling(organisation_id, row.pk):
        carry_out(organisation_id, import_id=row.pk)
    with organisation_context(organisation_id):
        row.refresh_from_db()
    if row.state == Import.State.FAILED:
        raise CommandFailed(row.message)


@contextmanager
def _telling(organisation_id: int, import_id: int) -> Iterator[None]:
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(organisation_id, import_id, ended), daemon=True)
    if sys.stderr.isatty():
        teller.start()
    try:
        yield
    finally:
        ended.set()
        if teller.ident is not None:
            teller.join()


def _tell(organisation_id: int, import_id: int, ended: threading.Event) -> None:
    from django.db import connection

    from headwater.core.models import Import
    from headwater.core.wall import organisation_context

    while not ended.wait(TELL_EVERY):
        with organisation_context(organisation_id):
            row = Import.objects.get(pk=import_id)
        if row.total:
            sys.stderr.write(f"{row.done} of {row.total} done\n")
    connection.close()
