"""`search` and `inbox`: what people do every day, short. The same verbs are in the web and in the API."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from headwater.cli.broken_off import follow_or_tell, index_or_tell, told_without_database
from headwater.cli.errors import CommandFailed
from headwater.cli.installation import acting, opened, reader
from headwater.cli.output import print_data

if TYPE_CHECKING:
    from headwater.people.models import Person

KEPT = "What was gathered and published is kept."
AGAIN = f"{KEPT} Run the same command again."


def search(options: Namespace) -> None:
    """Print what the person may read of what was asked, best first."""
    with told_without_database(AGAIN), opened(options) as organisation:
        index_or_tell(organisation.pk, KEPT)
        with acting(organisation, options) as actor:
            rows = _found(reader(actor), " ".join(options.query), options.limit)
    _print_rows(rows, options.json, "snippet")


def _found(person: "Person", query: str, limit: int) -> list[dict[str, Any]]:
    from django.conf import settings

    from headwater.search.actions import search_entries
    from headwater.search.language.errors import QueryError

    try:
        found = search_entries(person, query, limit=limit, strict=True)
    except QueryError as error:
        raise CommandFailed(f"The query cannot be read: {error}", code=2) from error
    return [
        {
            "title": result.entry.title,
            "url": settings.HEADWATER_ORIGIN + result.url,
            "kind": result.entry.kind,
            "snippet": "".join(text for text, _ in result.snippet),
        }
        for result in found.results
    ]


def inbox(options: Namespace) -> None:
    """Print what was brought to the person, newest first, each with its reasons."""
    with told_without_database(AGAIN), opened(options) as organisation:
        follow_or_tell(organisation.pk, KEPT)
        with acting(organisation, options) as actor:
            rows = _delivered(reader(actor), options.limit)
    _print_rows(rows, options.json, "reasons")


def _delivered(person: "Person", limit: int) -> list[dict[str, Any]]:
    from headwater.core.addresses import link
    from headwater.distribute.because import sentences
    from headwater.distribute.inbox import inbox_of, with_reasons

    return [
        {
            "title": delivery.version.title,
            "url": link("home:entry", pk=delivery.version.entry_id),
            "kind": delivery.version.entry.kind,
            "reasons": sentences(list(delivery.reasons.all())),
            "state": delivery.state,
            "due": delivery.due_at.isoformat() if delivery.due_at else None,
        }
        for delivery in with_reasons(inbox_of(person))[:limit]
    ]


def _print_rows(rows: list[dict[str, Any]], as_json: bool, last: str) -> None:
    if as_json:
        print_data(rows, as_json=True)
        return
    for row in rows:
        more = row[last] if isinstance(row[last], str) else "; ".join(row[last])
        sys.stdout.write(f"{row['title']}\n    {row['url']}\n    {more}\n")
