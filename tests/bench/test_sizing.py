"""What very much would need."""

from bench.sizing import MEASURED, need


def test_each_worker_weighs_something_before_it_holds_anything() -> None:
    few, many = need(MEASURED, 1_000_000, 50, 1), need(MEASURED, 100_000_000, 10_000, 1)
    assert few.gigabytes * 1e9 == MEASURED.worker_bytes + 1_000_000 * MEASURED.profile_bytes
    assert many.gigabytes * 1e9 > many.shards * MEASURED.worker_bytes
