"""Rows for a large audience: written in the background, in steps, for everybody exactly once."""

import pytest

from headwater.distribute import broadcasts
from headwater.distribute.broadcasts import spread_open_broadcasts
from headwater.distribute.matching import match_new_versions
from headwater.people.membership import refresh
from tests.conftest import make_person
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
