"""Every command in README and docs/ can be understood, and does what it says on a small installation."""

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from headwater.cli.arguments import parse
from headwater.cli.errors import CommandFailed
from headwater.core.cluster import Cluster
from tests.cli.conftest import PROCESSES, Command, remove_cluster

ROOT = Path(__file__).parents[2]
# Other pages speak of the people and the must-read that these two make.
FIRST = [ROOT / "docs" / "how-to" / "first-organisation.md", ROOT / "docs" / "how-to" / "must-reads.md"]
PAGES = list(dict.fromkeys([*FIRST, ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]))
_LINE = re.compile(r"^(?: {4})?(?:HEADWATER_\w+=\S+ )*(?:\.venv/bin/)?headwater (.+)$", re.MULTILINE)
_INLINE = re.compile(r"`(?:HEADWATER_\w+=\S+ )*headwater ([^`]+)`")
# What a page writes for the reader to fill in.
BLANKS = {"$(date +%F)": "today", "<the part before the @>": "d-1"}
# Start, stop and restore have tests of their own; the others need a site, or a mail that came back.
NOT_DONE = ("up", "down", "init", "restore", "gather https://", "do record_bounce", "--help")
TOPICS = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<http://works.example/t> a skos:ConceptScheme .
<http://works.example/t/drainage> a skos:Concept ; skos:inScheme <http://works.example/t> ;
    skos:prefLabel "Drainage"@en .
"""
PEOPLE = "number,name,email,unit\n4122,Ines Marlow,ines@works.example,water\n4140,Tom Adeyemi,tom@works.example,water\n"


def examples(page: Path, pattern: re.Pattern[str]) -> list[str]:
    """The commands of a page, without `headwater` itself."""
    text = page.read_text()
    for blank, filled in BLANKS.items():
        text = text.replace(blank, filled)
    return [found.strip() for found in pattern.findall(text)]


def words_of(example: str) -> list[str]:
    """The words as a shell would hand them over; `…` alone stands for options that are left out."""
    words = shlex.split(example, comments=True)
    return [word for before, word in pairwise(["", *words]) if word != "…" or before.startswith("--")]


SAID = [(page.name, example) for page in PAGES for example in (*examples(page, _LINE), *examples(page, _INLINE))]
DONE = [(page.name, line) for page in PAGES for line in examples(page, _LINE) if not line.startswith(NOT_DONE)]


@pytest.mark.parametrize(("page", "example"), SAID)
def test_an_example_is_understood(page: str, example: str) -> None:
    assert callable(parse(words_of(example)).run)


@pytest.mark.parametrize(
    "typed",
    [
        "do --as ines save_profile query=pump when=weekly",
        "do save_profile --as ines query=pump when=weekly",
        "do save_profile query=pump --as ines when=weekly",
        "do save_profile query=pump when=weekly --as ines",
    ],
)
def test_options_stand_anywhere(typed: str) -> None:
    options = parse(typed.split())
    assert (options.person, options.verb, options.values) == ("ines", "save_profile", ["query=pump", "when=weekly"])


def test_words_of_a_search_stand_around_options() -> None:
    options = parse(["search", "pump", "--limit", "3", "valve"])
    assert (options.query, options.limit) == (["pump", "valve"], 3)


@pytest.mark.parametrize("typed", ["doctor now", "do save_profile --colour red", "search pump --as ines -valve"])
def test_what_is_left_over_is_refused(typed: str) -> None:
    with pytest.raises(CommandFailed, match="unrecognised") as refused:
        parse(typed.split())
    assert refused.value.code == 2


# --- Done for real ----------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """How one example ended."""

    code: int
    said: str


def run(words: Sequence[str]) -> Outcome:
    """One command in this process, which it leaves as it was."""
    from headwater.cli import main

    said, environment = io.StringIO(), dict(os.environ)
    with redirect_stdout(said), redirect_stderr(said):
        try:
            code = main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os.environ.clear()
            os.environ.update(environment)
    return Outcome(code, said.getvalue())


def settle(folder: Path) -> None:
    """People, units, texts and a must-read that the pages speak of."""
    (folder / "topics.ttl").write_text(TOPICS)
    (folder / "people.csv").write_text(PEOPLE)
    (folder / "circulars").mkdir()
    (folder / "circulars" / "scour.md").write_text("# Scour\n\nA culvert is looked at for scour after each flood.")
    setting = [
        "init --name Works --slug works --email ada@works.example",
        "do create_unit name=Water",
        "do create_audience name='Who goes in' rule='{\"everyone\": true}'",
        *(
            f"do create_person name={name} email={email}@works.example unit=water"
            for name, email in (("'Ines M'", "ines.marlow"), ("Nadia", "nadia"), ("Otto", "otto"), ("Bilal", "bilal"))
        ),
        "do grant_permission person=nadia@works.example permission=knowledge_manager",
        "do grant_permission person=otto@works.example permission=knowledge_manager",
        f"gather {folder}/circulars --audience Everyone",
        "do create_article kind=procedure title=Culverts body='Clear them.' audience=everyone "
        "owner=nadia@works.example author=nadia@works.example",
        "do set_library needs_review=no allows_self_approval=no",
        "do publish_article article=1",
    ]
    for line in setting:
        outcome = run(words_of(line))
        assert outcome.code == 0, f"{line}: {outcome.said}"


def numbers(line: str) -> str:
    """The line with the numbers this installation gave, where the page has those of another."""
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, Directive, Forecast
    from headwater.library.models import Article
    from headwater.search.models import Entry, EntryVersion

    def last(rows: Any) -> str:
        return str(rows.order_by("-pk").values_list("pk", flat=True).first())

    asked: dict[str, Callable[[], str]] = {
        r"\bentry=\d+": lambda: f"entry={last(Entry.objects.filter(kind='gathered'))}",
        r"\bdirective=\d+": lambda: f"directive={last(Directive.objects)}",
        r"\bdelivery=\d+": lambda: f"delivery={last(signed_by_others)}",
        r"prove_directive pk=\d+": lambda: f"prove_directive pk={last(Directive.objects)}",
        r"list_chain pk=\d+": lambda: f"list_chain pk={last(EntryVersion.objects.filter(deliveries__isnull=False))}",
        r"show_forecast pk=\d+": lambda: f"show_forecast pk={last(Forecast.objects)}",
        r"show_article pk=\d+": lambda: f"show_article pk={last(Article.objects)}",
    }
    organisation = Organisation.objects.get()
    # Otto records who signed; nobody records their own signature.
    signed_by_others = Delivery.objects.filter(must_acknowledge=True).exclude(person__name="Otto")
    with organisation_context(organisation.pk):
        for pattern, answer in asked.items():
            if re.search(pattern, line):
                line = re.sub(pattern, answer(), line)
    return line


def do_all(lines: Sequence[str], environment: dict[str, str], folder: Path) -> None:
    """In a process of its own: every example, one after the other; what became of them goes into a file."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    settle(folder)
    outcomes = []
    for line in lines:
        moved = re.sub(r"/srv/circulars|(?:/srv)?/backups", lambda found: f"{folder}/{found[0].split('/')[-1]}", line)
        outcomes.append(vars(run(words_of(numbers(moved)))))
    (folder / "outcomes.json").write_text(json.dumps(outcomes))
    sys.stdout.flush()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    folder = tmp_path_factory.mktemp("examples")
    home = folder / "home"
    (folder / "backups").mkdir()
    lines = list(dict.fromkeys(line for _page, line in DONE))
    with Cluster(home, durable=False).enter():
        process = PROCESSES.Process(target=do_all, args=(lines, Command(home, 8397).environment, folder))
        process.start()
        process.join(240)
        assert process.exitcode == 0
    found = json.loads((folder / "outcomes.json").read_text())
    yield {line: Outcome(**each) for line, each in zip(lines, found, strict=True)}
    remove_cluster(home)


@pytest.mark.parametrize(("page", "line"), DONE)
def test_an_example_does_what_it_says(page: str, line: str, outcomes: dict[str, Outcome]) -> None:
    fine = (0, 3) if line.startswith("doctor") else (0,)  # no worker runs here, and doctor says so
    assert outcomes[line].code in fine, outcomes[line].said
