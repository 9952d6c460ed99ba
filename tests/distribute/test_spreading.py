"""Rows for a large audience: written in the background, in steps, for everybody exactly once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.distribute import broadcasts
from headwater.distribute.broadcasts import spread_open_broadcasts
from headwater.distribute.matching import match_new_versions
from headwater.distribute.models import Broadcast, Delivery, Reason
from headwater.people.membership import refresh
from tests.conftest import make_person
from tests.distribute.test_hosts import database_url
from tests.distribute.test_matching import House, standing_directive
from tests.distribute.test_matching import house as house


def test_who_was_passed_over_while_rows_were_written_has_theirs_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that died, and somebody who came when the audience had been gone through already."""
    monkeypatch.setattr(broadcasts, "FEW", 2)
    monkeypatch.setattr(broadcasts, "ROWS_AT_ONCE", 2)
    standing_directive(house, "helmet")
    house.publish("A helmet")
    house.await_others()
    match_new_versions(house.organisation.pk)
    with monkeypatch.context() as patch:
        patch.setattr("headwater.distribute.broadcasts.deliver_broadcasts", _dies)
        with pytest.raises(RuntimeError):
            spread_open_broadcasts(house.organisation.pk)
    with house.inside():
        late = make_person("Late", unit=house.unit)
        refresh()
    house.match()
    for person in (house.ines, house.omar, house.nadia, late):
        assert house.got(person) == ["A helmet"]


def _dies(*_args: object, **_named: object) -> None:
    raise RuntimeError("killed")


# A worker that spreads with a row a step, and kills itself where the second is written and not committed.
KILLED = """
import os, signal, sys, django
django.setup()
from headwater.distribute import broadcasts
broadcasts.ROWS_AT_ONCE, deliver = 1, broadcasts.deliver_broadcasts
def die_at_the_second(*values, **named):
    made = deliver(*values, **named)
    if len(written) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    written.append(made)
written, broadcasts.deliver_broadcasts = [], die_at_the_second
while broadcasts.spread_open_broadcasts(int(sys.argv[1])):
    pass
"""


def test_a_worker_killed_amid_its_rows_leaves_whole_steps_and_others_go_on(
    house: House, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "FEW", 2)
    standing_directive(house, "helmet")
    house.publish("A helmet")
    house.await_others()
    match_new_versions(house.organisation.pk)
    environment = dict(os.environ) | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "headwater.settings",
        "HEADWATER_HOME": str(home),
    }
    environment.pop("DATABASE_OWNER_URL", None)
    command = [sys.executable, "-c", KILLED, str(house.organisation.pk)]
    killed = subprocess.run(command, env=environment, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    with house.inside():
        assert Delivery.objects.count() == Reason.objects.count() == 1
    house.match()
    with house.inside():
        assert Delivery.objects.count() == Reason.objects.count() == 3
        assert Broadcast.objects.get().spread_at is not None
