"""hosts: one PostgreSQL reached over TCP, and workers on hosts of their own: network namespaces on a bridge.

First one host matches all that waits, then two do, each with half of the standing queries. Then versions come on a
clock, and in the middle one of the two is cut off: its cable carries nothing, and nobody is told; later it is healed.
An oracle (bench/expected.py) said before who must get what, so that afterwards nothing may be missing or double. Last,
a new host comes and copies the index, and another that serves pages (bench/new_host.py).

All hosts share this machine's cores, so a second host cannot make it faster than they allow: what counts is CPU time.

PROFILES (100,000), WAITING (2,000 versions each time) and SECONDS (60, of the stream) set how much.
"""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench.expected import LANGUAGE, Oracle, Query, choosy, different_stories, queries, stories
from bench.figures import Figure, at_most, percentile, plain
from bench.network import HERE, NETWORK, Host, end, is_allowed, network
from bench.new_host import PORT, until_it_serves
from bench.signed_in import session_of
from bench.stage import clean_environment, django_stage

PROFILES = int(os.environ.get("PROFILES", "100000"))
WAITING = int(os.environ.get("WAITING", "2000"))
SECONDS = int(os.environ.get("SECONDS", "60"))
PEOPLE, A_SECOND, SHARE, AT_ONCE = 5_000, 20, 0.01, 50
CUT_AT, HEALED_AT = 0.25, 0.7  # of the stream
LONGEST = 300.0  # seconds


@dataclass
class Plan:
    """Numbers of stories, and of the profiles that must bring each; what profile belongs to whom."""

    texts: list[str]
    profiles: list[Query] = field(default_factory=list)
    reasons: set[tuple[int, int]] = field(default_factory=set)  # (story, profile)


@dataclass
class Stage:
    """What was made in the database, and what was published: version → story, transaction, when."""

    organisation: int
    url: str
    owner: Any
    audience: Any
    people: list[int]
    profiles: list[int]
    published: dict[int, tuple[int, int, float]] = field(default_factory=dict)


@dataclass
class Running:
    """A host at work."""

    host: Host
    home: Path
    process: "subprocess.Popen[bytes]"

    @property
    def worker(self) -> int:
        """The worker's process: `ip netns exec` becomes what it starts."""
        return self.process.pid


def run() -> Iterator[Figure]:
    """Throughput of one and two hosts and what it costs, a cut and its healing, and what a new host costs."""
    if not is_allowed():
        sys.stderr.write("hosts needs root and the right to make network namespaces; it was left out.\n")
        return
    plan = _plan()
    with network(4) as hosts, _listening(), django_stage() as home, contextlib.ExitStack() as stack:
        stage = _founded(plan, home)
        turns = iter(range(len(plan.texts)))
        _publish(stage, plan, turns, AT_ONCE)
        first = stack.enter_context(_at_work(stage, hosts[0], home))
        yield plain("hosts_one_serves", _await_matched(stage), "s")
        yield plain("hosts_load", max(_seconds(first, "loaded")), "s")
        yield plain("hosts_memory_one", _megabytes(first.worker), "MB")
        yield from _all_at_once(stage, plan, turns, [first], "one")
        _divide(stage, 2)
        second = stack.enter_context(_at_work(stage, hosts[1], home))
        _await_holders(stage, {"host1", "host2"}, plan, turns)
        yield plain("hosts_memory_half", _megabytes(second.worker), "MB")
        yield from _all_at_once(stage, plan, turns, [first, second], "two")
        yield from _cut_and_heal(stage, plan, turns, second)
        yield plain("hosts_cut_from_snapshot", max(_seconds(first, "taken from a snapshot"), default=0.0), "s")
        lost, twice = _judge(stage, plan)
        yield at_most("hosts_lost", lost, "reasons", 0)
        yield at_most("hosts_twice", twice, "rows", 0)
        yield from _new_host(stage, hosts[2], home)
        yield from until_it_serves(hosts[3], _environment(stage, hosts[3], home), _reader(stage))


# --- The stage --------------------------------------------------------------------------------------------------------


def _plan() -> Plan:
    given = stories()
    plan = Plan(different_stories(given, 6 * AT_ONCE + 2 * WAITING + A_SECOND * SECONDS))
    found = choosy(Oracle(plan.texts), queries(), SHARE * len(plan.texts), PROFILES)
    for number, (query, brings) in enumerate(found):
        plan.profiles.append(query)
        plan.reasons.update((story, number) for story in brings.tolist())
    return plan


@contextlib.contextmanager
def _listening() -> Iterator[None]:
    """The embedded PostgreSQL listens on the bridge too, while this lasts."""
    from headwater.core.cluster import cluster

    cluster.SETTINGS["listen_addresses"] = HERE
    try:
        yield
    finally:
        cluster.SETTINGS["listen_addresses"] = ""


def _founded(plan: Plan, home: Path) -> Stage:
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import InterestProfile
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Person

    (home / "shared").mkdir(mode=0o700)
    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        people = Person.objects.bulk_create(Person(name=f"Person {number}") for number in range(PEOPLE))
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        refresh()
        made = (
            InterestProfile(person=people[number % PEOPLE], name=str(query)[:200], query=str(query))
            for number, query in enumerate(plan.profiles)
        )
        profiles = InterestProfile.objects.bulk_create(made, batch_size=5_000)
        owner = Person.objects.create(name="Owner")
    numbers = [each.pk for each in profiles]
    return Stage(organisation.pk, _over_tcp(home), owner, everyone, [each.pk for each in people], numbers)


def _over_tcp(home: Path) -> str:
    """Let the network in, and the application's address over TCP."""
    from headwater.core.cluster import APP, SUPERUSER, Cluster

    cluster = Cluster(home)
    with (cluster.place.data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK} scram-sha-256\n")
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as superuser:
        superuser.execute("SELECT pg_reload_conf()")
    return re.sub(r"@/([^?]*)\?host=.*", rf"@{HERE}:5432/\1", cluster.url(APP))


@contextlib.contextmanager
def _at_work(stage: Stage, host: Host, home: Path) -> Iterator[Running]:
    """A worker on that host."""
    environment = _environment(stage, host, home)
    own = Path(environment["HEADWATER_HOME"])
    process = host.start([sys.executable, "-m", "headwater", "work"], environment, own / "log")
    try:
        yield Running(host, own, process)
    finally:
        end(process)


def _environment(stage: Stage, host: Host, home: Path) -> dict[str, str]:
    """That of a host with an empty home folder of its own, but for the folder of snapshots that all see."""
    from django.conf import settings

    (own := home / host.name).mkdir()
    (own / "standing").symlink_to(home / "shared")
    return clean_environment(own, PORT) | {
        "DATABASE_URL": stage.url,
        "HEADWATER_SECRET_KEY": settings.SECRET_KEY,
        "HEADWATER_HOST": f"host{host.number}",
        "HEADWATER_LOG": "INFO",
        "MALLOC_ARENA_MAX": "2",
    }


def _seconds(running: Running, how: str) -> list[float]:
    told = (running.home / "log").read_text()
    return [float(each) for each in re.findall(rf"queries were {how} in ([\d.]+) s", told)]


# --- Publishing and waiting -------------------------------------------------------------------------------------------


def _publish(stage: Stage, plan: Plan, turns: Iterator[int], number: int) -> int:
    """Publish the next stories, in one transaction; returns its number."""
    from django.utils import timezone

    from headwater.core.wall import organisation_context
    from headwater.distribute.following import current_tx
    from headwater.search.actions import NewVersion, publish_versions
    from headwater.search.models import Entry, Kind

    chosen = [next(turns) for _ in range(number)]
    with organisation_context(stage.organisation):
        given = {"kind": Kind.REFERENCE, "owner": stage.owner, "audience": stage.audience}
        entries = Entry.objects.bulk_create(Entry(title=f"zq{story}qz", **given) for story in chosen)
        now = timezone.now()
        new = [
            NewVersion(entry, entry.title, plan.texts[story], LANGUAGE, "", now)
            for entry, story in zip(entries, chosen, strict=True)
        ]
        versions, tx = publish_versions(new), current_tx()
        at = time.perf_counter()
    for version, story in zip(versions, chosen, strict=True):
        assert version is not None
        stage.published[version.pk] = story, tx, at
    return tx


def _matched_below(stage: Stage) -> int:
    from django.db.models import Min

    from headwater.core.wall import organisation_context
    from headwater.distribute.models import MatchShard

    with organisation_context(stage.organisation):
        return MatchShard.objects.aggregate(Min("tx"))["tx__min"] or 0


def _await_matched(stage: Stage) -> float:
    """Wait until every shard has matched all that was published; seconds."""
    started = time.perf_counter()
    last = max(tx for _story, tx, _at in stage.published.values())
    while _matched_below(stage) <= last:
        if time.perf_counter() - started > LONGEST:
            raise TimeoutError("not all was matched in time")
        time.sleep(0.02)
    return time.perf_counter() - started


def _divide(stage: Stage, number: int) -> None:
    from headwater.core.wall import organisation_context
    from headwater.distribute.shards import divide

    with organisation_context(stage.organisation):
        divide(number)


def _await_holders(stage: Stage, wanted: set[str], plan: Plan, turns: Iterator[int]) -> None:
    """Publish a little at a time until these hosts are seen to match it."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import MatchRun

    for _ in range(AT_ONCE):
        _publish(stage, plan, turns, 1)
        _await_matched(stage)
        time.sleep(0.3)
        with organisation_context(stage.organisation):
            hosts = list(MatchRun.objects.order_by("-pk").values_list("host", flat=True)[: len(wanted)])
        if {host.partition(":")[0] for host in hosts} == wanted:
            return
    raise TimeoutError(f"{wanted} did not come to match")


# --- All at once ------------------------------------------------------------------------------------------------------


def _all_at_once(stage: Stage, plan: Plan, turns: Iterator[int], running: list[Running], name: str) -> Iterator[Figure]:
    """Let versions gather while nobody may match, then let go, and measure until all is delivered."""
    with _held_up(stage):
        for _ in range(WAITING // AT_ONCE):
            _publish(stage, plan, turns, AT_ONCE)
        time.sleep(8)  # the indexes follow, and connections that were needed for it close
        before = _meters(stage, running)
    seconds = _await_matched(stage)
    spent = {key: value - before[key] for key, value in _meters(stage, running).items()}
    yield plain(f"hosts_{name}_documents", WAITING / seconds, "documents/s")
    for each in running:
        used = spent[f"cpu {each.host.number}"]
        yield plain(f"hosts_{name}_cpu_host{each.host.number}", 1000 * used / WAITING, "CPU ms/document")
        sent = spent[f"bytes {each.host.number}"]
        yield plain(f"hosts_{name}_network_host{each.host.number}", sent / WAITING / 1000, "kB/document")
    yield plain(f"hosts_{name}_cpu_postgresql", 1000 * spent["cpu"] / WAITING, "CPU ms/document")
    yield plain(f"hosts_{name}_deliveries", spent["deliveries"] / WAITING, "rows/document")
    yield plain(f"hosts_{name}_rows", (spent["deliveries"] + spent["reasons"]) / seconds, "rows/s")
    yield plain(f"hosts_{name}_wal", spent["wal"] / max(1, spent["deliveries"]), "bytes/delivery")


@contextlib.contextmanager
def _held_up(stage: Stage) -> Iterator[None]:
    """Nobody matches: whoever would, finds the shards locked."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.shards import shards

    with organisation_context(stage.organisation):
        pks = [shard.pk for shard in shards()]
    with psycopg.connect(stage.url, autocommit=True) as session:
        for pk in pks:
            session.execute("SELECT pg_advisory_lock(hashtext('matching'), %s)", [pk])
        yield
        session.execute("SELECT pg_advisory_unlock_all()")
        session.execute("SELECT pg_notify('search_entryversion', %s)", [str(stage.organisation)])


def _meters(stage: Stage, running: list[Running]) -> dict[str, float]:
    """CPU seconds and bytes of each host, those of PostgreSQL, rows, and bytes of its log."""
    from django.db import connection

    from headwater.core.cluster import Cluster
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, Reason

    home = Path(os.environ["HEADWATER_HOME"])
    postmaster = int((Cluster(home).place.data / "postmaster.pid").read_text().splitlines()[0])
    found: dict[str, float] = {"cpu": _cpu_of_tree(postmaster)}
    for each in running:
        found[f"cpu {each.host.number}"] = _cpu_of_tree(each.worker)
        found[f"bytes {each.host.number}"] = each.host.bytes_through()
    with organisation_context(stage.organisation), connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        found["wal"] = float(cursor.fetchone()[0])
        found["deliveries"], found["reasons"] = Delivery.objects.count(), Reason.objects.count()
    return found


def _cpu_of_tree(pid: int) -> float:
    """CPU seconds of a process and its children, those that have ended included."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rsplit(")", 1)[1].split()
            if int(path.parent.name) == pid:
                total += sum(map(int, fields[11:15]))  # its own, and of children that were waited for
            elif int(fields[1]) == pid:
                total += sum(map(int, fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


# --- A cut ------------------------------------------------------------------------------------------------------------


def _cut_and_heal(stage: Stage, plan: Plan, turns: Iterator[int], victim: Running) -> Iterator[Figure]:
    """Publish on a clock; in the middle one host is cut off, and later healed."""
    marks: list[tuple[float, int]] = []
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(stage, marks, over))
    watch.start()
    start, total = time.perf_counter(), A_SECOND * SECONDS
    cut = healed = 0.0
    before = set(stage.published)
    for turn in range(total):
        time.sleep(max(0.0, start + turn / A_SECOND - time.perf_counter()))
        if turn == int(CUT_AT * total):
            victim.host.cut()
            cut = time.perf_counter()
        if turn == int(HEALED_AT * total):
            victim.host.heal()
            healed = time.perf_counter()
        _publish(stage, plan, turns, 1)
    _await_matched(stage)
    over.set()
    watch.join()
    waits = _waits(stage, marks, before)
    undisturbed = [wait for at, wait in waits if at < cut]
    yield plain("hosts_stream_median", percentile(undisturbed, 0.5), "s")
    yield at_most("hosts_cut_longest_wait", max(wait for at, wait in waits if at >= cut), "s", 30)
    yield plain("hosts_cut_taken_over", _level_again(stage, marks, cut) - cut, "s")
    back = _comes_back(stage, plan, turns, victim)
    yield at_most("hosts_healed_matches_again", back - healed, "s", 60)


def _watch(stage: Stage, marks: list[tuple[float, int]], over: threading.Event) -> None:
    """Note when all shards had matched up to which transaction."""
    from django.db import connections

    while not over.wait(0.02):
        marks.append((time.perf_counter(), _matched_below(stage)))
    marks.append((time.perf_counter(), _matched_below(stage)))
    connections.close_all()


def _waits(stage: Stage, marks: list[tuple[float, int]], before: set[int]) -> list[tuple[float, float]]:
    """Of each version of the stream: when it was committed, and seconds until every shard had matched it."""
    waits, marks = [], sorted(marks)
    position = 0
    for tx, at in sorted((tx, at) for pk, (_story, tx, at) in stage.published.items() if pk not in before):
        while position < len(marks) - 1 and marks[position][1] <= tx:
            position += 1
        waits.append((at, max(0.0, marks[position][0] - at)))
    return waits


def _level_again(stage: Stage, marks: list[tuple[float, int]], cut: float) -> float:
    """When, after the cut, all shards first moved again."""
    at_cut = max((below for at, below in marks if at <= cut + 0.5), default=0)
    return min((at for at, below in marks if at > cut + 0.5 and below > at_cut), default=cut)


def _comes_back(stage: Stage, plan: Plan, turns: Iterator[int], victim: Running) -> float:
    """When the healed host is first seen to match again."""
    with contextlib.suppress(TimeoutError):
        _await_holders(stage, {"host1", f"host{victim.host.number}"}, plan, turns)
        return time.perf_counter()
    return float("inf")


# --- The judge, and a new host ----------------------------------------------------------------------------------------


def _judge(stage: Stage, plan: Plan) -> tuple[int, int]:
    """How many reasons are missing, and how many deliveries or reasons are there that should not be, or twice."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, Reason

    profiles = {pk: number for number, pk in enumerate(stage.profiles)}
    stories_of = {pk: story for pk, (story, _tx, _at) in stage.published.items()}
    with organisation_context(stage.organisation):
        rows = [(stories_of[v], p) for v, p in Delivery.objects.values_list("version", "person")]
        whys = [(stories_of[v], profiles[f]) for v, f in Reason.objects.values_list("delivery__version", "profile")]
    come = set(stories_of.values())
    wanted = {(story, number) for story, number in plan.reasons if story in come}
    people = {(story, stage.people[number % PEOPLE]) for story, number in wanted}
    lost = len(wanted - set(whys)) + len(people - set(rows))
    surplus = len(set(whys) - wanted) + len(set(rows) - people)
    return lost, surplus + len(rows) - len(set(rows)) + len(whys) - len(set(whys))


def _reader(stage: Stage) -> str:
    """Somebody to whom something was delivered gets an account; the key of their session."""
    from headwater.core.models import User
    from headwater.core.wall import organisation_context
    from headwater.people.models import Person

    user = User.objects.create_user("reader@bench.example")
    with organisation_context(stage.organisation):
        Person.objects.filter(pk=stage.people[0]).update(user=user)
    return session_of(user)


def _new_host(stage: Stage, host: Host, home: Path) -> Iterator[Figure]:
    """A host with an empty home: until its index holds what the others' hold."""
    from headwater.search.lexical.index import LexicalIndex

    started = time.perf_counter()
    with _at_work(stage, host, home) as running:
        index = running.home / "index" / str(stage.organisation)
        last = max(tx for _story, tx, _at in stage.published.values())
        while LexicalIndex(index).cursor <= last:
            if time.perf_counter() - started > LONGEST:
                raise TimeoutError("the index of the new host did not catch up")
            time.sleep(0.05)
        yield plain("hosts_new_index", time.perf_counter() - started, "s")
        yield plain("hosts_new_index_entries", len(stage.published), "entries")
        size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
        yield plain("hosts_new_index_size", size / 1e6, "MB")
        yield plain("hosts_new_network", running.host.bytes_through() / 1e6, "MB")
        time.sleep(20)
        yield plain("hosts_standby_memory", _megabytes(running.worker), "MB")
