"""The ledger says what a dictionary would say."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.distribute.ledger import ABSENT, OF_ALL, PLACES, Ledger

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "drop"]),
        st.integers(0, 3 * PLACES),
        st.booleans(),
        st.integers(0, 2**60),
        st.sampled_from([ABSENT, OF_ALL, 1, 2, 3, 10**12]),
    )
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.sampled_from([(1, 0), (2, 1), (5, 3)]))
def test_it_keeps_what_a_dictionary_keeps(steps: list[tuple[str, int, bool, int, int]], part: tuple[int, int]) -> None:
    of, shard = part
    ledger, plain = Ledger(of), {}
    for verb, number, is_directive, since, owner in steps:
        key = 2 * (number * of + shard) + is_directive
        if verb == "set":
            ledger.set(key, since, owner)
            plain[key] = since, owner
        else:
            ledger.drop(key)
            plain.pop(key, None)
    for _verb, number, is_directive, _since, _owner in steps:
        key = 2 * (number * of + shard) + is_directive
        assert (key in ledger) == (key in plain)
        if key in plain:
            assert ledger.since(key) == plain[key][0]
    for owners in ([1], [2, 3], [OF_ALL], []):
        assert set(ledger.owned_by(owners, shard)) == {key for key, (_, owner) in plain.items() if owner in owners}


def test_what_is_not_there_is_told() -> None:
    ledger = Ledger()
    with pytest.raises(KeyError):
        ledger.since(7)
    ledger.set(7, 0)
    ledger.drop(9)
    ledger.drop(7)
    with pytest.raises(KeyError):
        ledger.since(7)
