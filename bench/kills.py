"""kills: workers, web and PostgreSQL killed at random while documents are gathered, matched, sent and acknowledged.

Files appear in a watched folder; a standing directive brings each to everyone, a profile brings some of them a second
time, mail goes to a real SMTP server, and people acknowledge. Meanwhile somebody kills with -9. Afterwards everything
must be there once: each file one document with one version, each person one delivery of it with each of its reasons,
one acknowledgement for each that was given, and mail, if repeated, under one Message-ID.

KILLS sets how many (200), SEED which ones.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Figure, at_most, plain
from bench.first_page import await_page, free_port
from bench.stage import clean_environment, django_stage

KILLS, SEED = int(os.environ.get("KILLS", "200")), int(os.environ.get("SEED", "1"))
PEOPLE = 5
PAUSE = (0.3, 4.0)  # seconds between kills; a worker needs about two to be at work again
LONGEST_RECOVERY = 300  # seconds until everything must be there after the last kill
VICTIMS = ("worker", "worker", "worker", "web", "postmaster", "backend", "guardian")


@dataclass
class Postbox:
    """A mail server's handler: keeps who got what under which Message-ID, slowly enough to be killed meanwhile."""

    taken: list[tuple[str, str, str]] = field(default_factory=list)  # recipient, subject, Message-ID

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Take a message in."""
        import asyncio
        from email import message_from_bytes, policy

        message = message_from_bytes(envelope.content, policy=policy.default)
        await asyncio.sleep(0.02)
        for recipient in envelope.rcpt_tos:
            self.taken.append((recipient, str(message["Subject"]), str(message["Message-ID"])))
        return "250 kept"


@dataclass
class Scene:
    """Everything the killer and the judge know."""

    home: Path
    folder: Path
    organisation: int
    files: int = 0
    acknowledged: set[int] = field(default_factory=set)
    killed: Counter[str] = field(default_factory=Counter)


def run() -> Iterator[Figure]:
    """What was lost, what came twice, and how often mail was repeated."""
    from aiosmtpd.controller import Controller

    postbox = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number = probe.getsockname()[1]
    server = Controller(postbox, hostname="127.0.0.1", port=number)
    server.start()
    mail = f"smtp://127.0.0.1:{number}"
    try:
        with django_stage() as home, _running(home, mail) as scene:
            _kill_about(scene, random.Random(SEED))
            seconds = _await_all(scene, postbox)
            lost, twice = _judge(scene, postbox)
            for fault in (lost + twice)[:20]:
                sys.stderr.write(f"{fault}\n")
            repeats, other = _repeated_mail(postbox)
    finally:
        server.stop()
    yield at_most("kills_lost", len(lost), "things", 0)
    yield at_most("kills_twice", len(twice), "things", 0)
    yield at_most("kills_mail_under_another_id", other, "mails", 0)
    yield plain("kills_mail_repeated", repeats, "mails")
    yield plain("kills_recovery", seconds, "s")
    yield plain("kills", sum(scene.killed.values()), "kills")


# --- The stage --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _running(home: Path, mail: str) -> Iterator[Scene]:
    folder = Path(tempfile.mkdtemp(prefix="headwater-killed-"))
    port = free_port()
    scene = Scene(home, folder, _found(folder))
    environment = clean_environment(home, port) | {"HEADWATER_MAIL_URL": mail}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "headwater", "up"], env=environment, stderr=log, start_new_session=True
        )
        try:
            await_page(port, process)
            _await_first_run(scene)
            yield scene
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            shutil.rmtree(folder)


def _found(folder: Path) -> int:
    """An organisation with people, a folder to watch, a standing directive and a profile each."""
    from headwater.core.actions import OPERATOR
    from headwater.core.wall import organisation_context
    from headwater.distribute.actions import issue_directive, save_directive, save_profile
    from headwater.gather.actions import create_source
    from headwater.people.actions import create_person, found_organisation
    from headwater.people.models import Audience

    organisation, _ = found_organisation("Waterworks", "waterworks", "person0@waterworks.example")
    with organisation_context(organisation.pk):
        for number in range(1, PEOPLE):
            create_person(OPERATOR, name=f"Person {number}", email=f"person{number}@waterworks.example")
        everyone = Audience.objects.get(slug="everyone")
        owner = _people()[0]
        issue_directive(OPERATOR, save_directive(OPERATOR, everyone, query="weir", name="Weirs", due_days=5))
        for person in _people():
            save_profile(OPERATOR, "sluice", name="Sluices", person=person)
        create_source(OPERATOR, "Watched", "folder", owner, settings={"path": str(folder)}, audience=everyone)
    return organisation.pk


def _people() -> list[Any]:
    from headwater.people.models import Person

    return list(Person.objects.order_by("pk"))


def _await_first_run(scene: Scene) -> None:
    from headwater.gather.models import Run

    deadline = time.monotonic() + 120
    while not _ask(scene, lambda: Run.objects.filter(state=Run.State.DONE).exists()):
        if time.monotonic() > deadline:
            raise TimeoutError("the watched folder was not read once within two minutes")
        time.sleep(0.2)
    time.sleep(2)


def _ask(scene: Scene, question: Any) -> Any:
    return ask(scene.organisation, question)


def ask(organisation: int, question: Any) -> Any:
    """Ask the database, again and again while it is down."""
    from django.db import Error, connection

    from headwater.core.wall import organisation_context

    while True:
        try:
            with organisation_context(organisation):
                return question()
        except (Error, LookupError):
            connection.close()
            time.sleep(0.2)


# --- The killer -------------------------------------------------------------------------------------------------------


def _kill_about(scene: Scene, chance: random.Random) -> None:
    while sum(scene.killed.values()) < KILLS:
        for _ in range(chance.randint(0, 3)):
            _write_file(scene)
        _acknowledge_some(scene, chance)
        time.sleep(chance.uniform(*PAUSE))
        victim = chance.choice(VICTIMS)
        found = processes(scene.home, victim)
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
                scene.killed[victim] += 1
    _write_file(scene)


def _write_file(scene: Scene) -> None:
    number = scene.files
    second = " It has a sluice." if number % 2 else ""
    text = f"# {_title(number)}\n\nThe weir number {number} was built in its own year, {1000 + number}.{second}\n"
    (scene.folder / f"weir-{number}.md").write_text(text)
    scene.files += 1


def _title(number: int) -> str:
    return f"Weir {number:04d}"


def _acknowledge_some(scene: Scene, chance: random.Random) -> None:
    """Some people sign what has reached them; asked twice when the answer was lost."""
    from headwater.distribute.actions import acknowledge_delivery
    from headwater.distribute.models import Delivery

    def sign() -> list[int]:
        waiting = list(Delivery.objects.filter(state=Delivery.State.DUE).select_related("person").order_by("pk")[:20])
        chosen = [delivery for delivery in waiting if chance.random() < 0.2]
        for delivery in chosen:
            acknowledge_delivery(delivery.person, delivery)
        return [delivery.pk for delivery in chosen]

    scene.acknowledged.update(_ask(scene, sign))


def processes(home: Path, victim: str) -> list[int]:
    """The processes of the installation in this home folder that play that part."""
    if victim in ("postmaster", "backend"):
        from headwater.core.cluster import Cluster

        try:
            lines = (Cluster(home).place.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [int(lines[0])] if victim == "postmaster" else _children(int(lines[0]))
    words = {"worker": b"headwater\0work\0", "web": b"serve\0web\0", "guardian": b"cluster.guardian\0"}[victim]
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ours = f"HEADWATER_HOME={home}\0".encode() in (path / "environ").read_bytes()
            if ours and words in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found


# --- The judge --------------------------------------------------------------------------------------------------------


def _await_all(scene: Scene, postbox: Postbox) -> float:
    """Wait until nothing is missing any more, or too long. Returns the seconds it took."""
    started = time.monotonic()
    turned = started
    while time.monotonic() - started < LONGEST_RECOVERY:
        if not _judge(scene, postbox)[0]:
            break
        if time.monotonic() - turned > 15:
            _ask(scene, _turn_clocks)
            turned = time.monotonic()
        time.sleep(1)
    time.sleep(5)  # what would come twice has time to come
    return time.monotonic() - started - 5


def _turn_clocks() -> None:
    """Let two minutes pass for what was cut off in the middle, instead of waiting for them."""
    from datetime import timedelta

    from django.db.models import F

    from headwater.distribute.models import Dispatch
    from headwater.gather.models import Run, Source

    passed = timedelta(minutes=3)
    Dispatch.objects.filter(state=Dispatch.State.SENDING).update(claimed_at=F("claimed_at") - passed)
    Dispatch.objects.filter(state=Dispatch.State.FAILED).update(next_at=F("next_at") - timedelta(hours=2))
    Run.objects.filter(state=Run.State.RUNNING).update(beat_at=F("beat_at") - passed)
    Source.objects.update(next_run_at=F("next_run_at") - timedelta(hours=2))


def _judge(scene: Scene, postbox: Postbox) -> tuple[list[str], list[str]]:
    """What is missing, and what is there twice, in words."""
    lost: list[str] = []
    twice: list[str] = []
    counts = _ask(scene, _count)
    for number in range(scene.files):
        title = _title(number)
        expected = {"document": 1, "version": 1, "delivery": PEOPLE, "reason": PEOPLE * (1 + number % 2)}
        for kind, wanted in expected.items():
            found = counts[kind, title]
            if found != wanted:
                (lost if found < wanted else twice).append(f"{kind} of {title}: {found} for {wanted}")
    mailed = {recipient + subject for recipient, subject, _ in postbox.taken}
    for address, title in _ask(scene, _unsigned):
        if not any(sent.startswith(address) and title in sent for sent in mailed):
            lost.append(f"mail of {title} to {address}")
    signed = _ask(scene, _signatures)
    lost += [f"acknowledgement of delivery {pk}" for pk in scene.acknowledged if not signed[pk]]
    twice += [f"acknowledgement of delivery {pk}: {number}" for pk, number in signed.items() if number > 1]
    return lost, twice


def _count() -> Counter[tuple[str, str]]:
    from headwater.distribute.models import Delivery, Reason
    from headwater.gather.models import Document
    from headwater.search.models import EntryVersion

    titles: dict[str, Any] = {
        "document": Document.objects.values_list("entry__title", flat=True),
        "version": EntryVersion.objects.values_list("title", flat=True),
        "delivery": Delivery.objects.values_list("version__title", flat=True),
        "reason": Reason.objects.values_list("delivery__version__title", flat=True),
    }
    return Counter((kind, title) for kind, found in titles.items() for title in found)


def _unsigned() -> list[tuple[str, str]]:
    """Whom a mail must have reached: who signs before it leaves gets none."""
    from headwater.distribute.models import Delivery

    return list(Delivery.objects.filter(acknowledged_at=None).values_list("person__email", "version__title"))


def _signatures() -> Counter[int]:
    from headwater.distribute.models import Acknowledgement, Delivery

    delivered = {
        (person, version): pk for pk, person, version in Delivery.objects.values_list("pk", "person", "version")
    }
    return Counter(delivered[pair] for pair in Acknowledgement.objects.values_list("person", "version"))


def _repeated_mail(postbox: Postbox) -> tuple[int, int]:
    """Mails that came more than once, and those of them under different Message-IDs."""
    ids: dict[tuple[str, str], Counter[str]] = {}
    for recipient, subject, message_id in postbox.taken:
        ids.setdefault((recipient, subject), Counter())[message_id] += 1
    repeats = sum(counter.total() - len(counter) for counter in ids.values())
    return repeats, sum(len(counter) - 1 for counter in ids.values())
