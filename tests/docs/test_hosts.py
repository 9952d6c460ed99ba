"""The page about several machines says what the unit costs say."""

from pathlib import Path

from bench.sizing import MEASURED, MOST_IN_A_SHARD, need, table

PAGE = Path(__file__).parents[2] / "docs" / "hosts.md"


def test_the_table_of_sizes_is_that_of_the_unit_costs() -> None:
    text = PAGE.read_text().partition("<!-- sizing -->\n")[2].partition("<!-- /sizing -->")[0]
    assert text == table(MEASURED)


def test_more_of_anything_needs_no_less() -> None:
    small, large = need(MEASURED, MOST_IN_A_SHARD, 100, 1), need(MEASURED, 100 * MOST_IN_A_SHARD, 10_000, 10)
    assert (small.shards, small.slices, small.servers) == (1, 1, 1)
    assert large.shards >= 100
    assert large.matching_cores > 100 * small.matching_cores
    assert large.servers > 1
    assert large.gigabytes > small.gigabytes
