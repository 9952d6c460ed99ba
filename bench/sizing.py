"""sizing: what many profiles and documents would need, from unit costs that were measured.

The costs are written here once, with where each comes from. `python -m bench.sizing` prints the table of docs/hosts.md,
and a test holds the page to them: whoever measures anew changes a number here, and puts the tables there.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from bench.figures import Figure, plain


@dataclass(frozen=True)
class Costs:
    """What one of each costs. CPU in milliseconds of one core."""

    read_ms: float  # a document's text cut into words and stems, in each shard (match_scaling, next to no profiles)
    match_ms: float  # that document against a million profiles, the reading left out (match_rate_stemmed)
    hit_ms: float  # a delivery in the worker, with its reasons (hosts: host's CPU less the two above)
    row_ms: float  # a delivery in PostgreSQL (hosts_one_cpu_postgresql by hosts_one_deliveries)
    profile_bytes: float  # in a worker's memory (match_memory)
    worker_bytes: float  # a worker that holds no profile yet (hosts_standby_memory)
    load_ms: float  # a profile from its row into memory (standing_start_rows_processor)
    restore_ms: float  # the same from a snapshot, when a shard is taken over (standing_start_snapshot_processor)
    rows_a_second: float  # deliveries and reasons that one server takes, keys, indexes and walls in place
    wal_bytes: float  # of PostgreSQL's log for a delivery (hosts_one_wal)
    document_bytes: float  # over the network to each shard (hosts_one_network)


MEASURED = Costs(
    read_ms=0.039,
    match_ms=0.29,
    hit_ms=0.022,
    row_ms=0.045,
    profile_bytes=230,
    worker_bytes=147_000_000,
    load_ms=0.013,
    restore_ms=0.00023,
    rows_a_second=40_000,
    wal_bytes=1_178,
    document_bytes=3_700,
)


@dataclass(frozen=True)
class Need:
    """What an installation of that size needs."""

    shards: int
    slices: int
    matching_cores: float
    gigabytes: float
    delivering_cores: float
    servers: int
    wal_megabytes: float
    text_megabytes: float
    takeover_seconds: float
    rows_seconds: float


MILLION = 1_000_000
MOST_IN_A_SHARD = MILLION  # profiles: more would take too long to load where there is no snapshot
ROWS_A_DELIVERY = 2.2  # itself and its reasons


def need(costs: Costs, profiles: float, documents: float, deliveries: float) -> Need:
    """For so many profiles, documents a second, and deliveries that a document makes.

    A worker on one core must keep up with its shard. Where it could not even read all that comes, documents are sliced
    until reading takes half of its time; then a shard is as large as the rest of the time allows.
    """
    reading = documents * costs.read_ms / 1000
    slices = 1 if reading <= 0.5 else ceil(2 * reading)
    room_ms = 1000 * slices / documents - costs.read_ms
    shards = ceil(profiles / min(MOST_IN_A_SHARD, MILLION * room_ms / costs.match_ms))
    rows = documents * deliveries
    return Need(
        shards=shards,
        slices=slices,
        matching_cores=documents * (shards * costs.read_ms + profiles / MILLION * costs.match_ms) / 1000,
        gigabytes=slices * (profiles * costs.profile_bytes + shards * costs.worker_bytes) / 1e9,
        delivering_cores=rows * (costs.hit_ms + costs.row_ms) / 1000,
        servers=ceil(rows * ROWS_A_DELIVERY / costs.rows_a_second),
        wal_megabytes=rows * costs.wal_bytes / 1e6,
        text_megabytes=documents * shards * costs.document_bytes / 1e6,
        takeover_seconds=profiles / shards * costs.restore_ms / 1000,
        rows_seconds=profiles / shards * costs.load_ms / 1000,
    )


CASES = ((1e6, 50, 10), (1e6, 1_000, 10), (1e7, 1_000, 10), (1e8, 10_000, 1), (1e8, 10_000, 10), (1e8, 10_000, 100))
HEADS = (
    "profiles",
    "documents/s",
    "deliveries each",
    "shards × slices",
    "cores to match",
    "memory to match",
    "cores to deliver",
    "servers for rows",
    "log",
    "texts out",
    "takeover",
    "from rows",
)


def table(costs: Costs) -> str:
    """What each of the cases needs, in Markdown."""
    lines = [f"| {' | '.join(HEADS)} |", "|" + "---:|" * len(HEADS)]
    for profiles, documents, deliveries in CASES:
        found = need(costs, profiles, documents, deliveries)
        cells = (
            f"{profiles / 1e6:,.0f} M",
            f"{documents:,.0f}",
            f"{deliveries:,.0f}",
            f"{found.shards} × {found.slices}",
            f"{found.matching_cores:,.1f}",
            f"{found.gigabytes:,.1f} GB",
            f"{found.delivering_cores:,.1f}",
            f"{found.servers:,}",
            f"{found.wal_megabytes:,.1f} MB/s",
            f"{found.text_megabytes:,.1f} MB/s",
            f"{found.takeover_seconds:,.1f} s",
            f"{found.rows_seconds:,.0f} s",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def run() -> Iterator[Figure]:
    """The largest case."""
    found = need(MEASURED, 1e8, 10_000, 10)
    yield plain("sizing_cores_to_match", found.matching_cores, "cores")
    yield plain("sizing_memory", found.gigabytes, "GB")
    yield plain("sizing_servers", found.servers, "servers")


if __name__ == "__main__":
    sys.stdout.write(table(MEASURED))
