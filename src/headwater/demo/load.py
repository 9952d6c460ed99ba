"""Loading the demonstration: an organisation with ninety days behind it, made mostly by its own verbs.

    organisation = load_demonstration()

Each part commits by itself, since matching sees only what was committed. Meant for an empty installation, in a process
of its own; where the ministry is there already, nothing happens.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.core.home_folder import DOCUMENTS
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.demo import distribution, past
from headwater.demo.cast import Cast
from headwater.demo.content import Ministry
from headwater.demo.dates import Calendar
from headwater.demo.library import library_steps
from headwater.demo.organisation import found_ministry, load_people
from headwater.demo.sources import load_sources
from headwater.demo.story import live
from headwater.distribute.jobs import learn_due
from headwater.distribute.matching import match_new_versions
from headwater.distribute.models import MatchShard
from headwater.gather.actions import create_need, link_entry
from headwater.gather.health import check_silence
from headwater.library.actions import set_library
from headwater.search.models import EntryVersion
from headwater.taxonomy.actions import import_scheme
from headwater.taxonomy.models import Concept

log = logging.getLogger(__name__)
MATCHING_PATIENCE = 10.0  # seconds


def load_demonstration() -> Organisation:
    """The Ministry of Public Works, loaded if it is not there yet."""
    ministry = Ministry(Calendar(timezone.now()))
    known = Organisation.objects.filter(slug=ministry.organisation["slug"]).first()
    if known is not None:
        return _made(known)
    cast = Cast(ministry)
    with _timed("people"), transaction.atomic():  # the organisation appears with its people
        organisation = found_ministry(ministry)
        Organisation.objects.filter(pk=organisation.pk).update(is_being_made=True)
        with organisation_context(organisation.pk):
            load_people(cast)
            past.date_members()
            _load_topics(cast)
    try:
        _load(cast, organisation.pk)
    finally:
        _made(organisation)
    return organisation


def _made(organisation: Organisation) -> Organisation:
    """Pages say no longer that it is being made: it is done, or whoever made it has gone."""
    Organisation.objects.filter(pk=organisation.pk).update(is_being_made=False)
    return organisation


def _load(cast: Cast, organisation_id: int) -> None:
    with _timed("sources"):
        load_sources(cast, organisation_id, _fresh_folder())
    with _timed("library and must-reads"), organisation_context(organisation_id):
        _live_through_the_past(cast)
    with _timed("learning"):
        while learn_due(organisation_id):
            pass
    with _timed("matching"):
        _match(organisation_id)
    with _timed("reading"), organisation_context(organisation_id):
        _answer(cast)


def _load_topics(cast: Cast) -> None:
    import_scheme(OPERATOR, cast.ministry.topics.encode(), name="topics.ttl")
    cast.topics = {concept.uri.rpartition("/")[2]: concept for concept in Concept.objects.all()}


def _fresh_folder() -> Path:
    """Where the demonstration's sources lie: copies, so that whoever tries it may change and add files.

    In the home folder, so that they go with it, at the one place there that sources may read.
    """
    folder = Path(settings.HEADWATER_HOME) / DOCUMENTS
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _live_through_the_past(cast: Cast) -> None:
    set_library(cast.people["nadia.brandt"], needs_review=True, allows_self_approval=False)
    past.suspend_mailbox(cast)
    past.mark_topics(cast)
    told = [*distribution.profile_steps(cast), *distribution.learning_steps(cast), *distribution.directive_steps(cast)]
    live([*library_steps(cast), *told])
    past.point_to_origins(cast)
    past.date_versions(cast.ministry.calendar.now)
    past.record_gaps(cast)
    _state_needs(cast)


def _state_needs(cast: Cast) -> None:
    today = cast.ministry.calendar.now.date()
    for row in cast.ministry.rows("needs"):
        owner = cast.people[row["owner"]]
        due_on = today + timedelta(days=row["due_in_days"])
        need = create_need(OPERATOR, row["question"], owner, query=row["query"], why=row["decision"], due_on=due_on)
        for path in row.get("documents", ()):
            link_entry(owner, need, cast.documents[path])
        for reference in row.get("articles", ()):
            link_entry(owner, need, cast.articles[reference])


def _match(organisation_id: int) -> None:
    """Match everything. On a busy server the transactions of others hold matching up; what is left the worker does."""
    patience = time.monotonic() + MATCHING_PATIENCE
    while time.monotonic() < patience:
        if match_new_versions(organisation_id):
            continue
        with organisation_context(organisation_id):
            reached = MatchShard.objects.order_by("tx").values_list("tx", flat=True).first()
            if reached is not None and not EntryVersion.objects.filter(tx__gte=reached).exists():
                return
        time.sleep(0.2)


def _answer(cast: Cast) -> None:
    now = cast.ministry.calendar.now
    past.date_matches()
    past.send_what_was_matched(now)
    live(distribution.standing_steps(cast))
    past.read_inboxes(cast)
    past.refresh_all_standing()
    past.settle_old_notices(now)
    check_silence()


@contextmanager
def _timed(part: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    log.info("demonstration: %s in %.1f s", part, time.monotonic() - started)
