"""The command line as a script sees it: output, exit codes and messages."""

import json
from pathlib import Path

import pytest

from headwater.cli.short_names import SHORT_NAMES
from headwater.cli.verbs import registry
from tests.cli.conftest import Command
from tests.taxonomy.test_skos import SMALL

INES = ("--as", "ines@waterworks.example")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    (folder / "culverts.md").write_text("# Culverts\n\nA culvert is cleared before the rains, by the drainage unit.\n")
    (folder / "bridges.md").write_text("# Bridges\n\nBearings of bridges are greased every second year.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    return folder


def test_gathering_says_what_came_of_it_and_the_second_time_finds_nothing_new(headwater: Command, papers: Path) -> None:
    first = headwater.json("gather", str(papers), "--audience", "everyone")
    assert set(first) == {"seen", "new", "changed", "vanished", "failed", "failures", "seconds"}
    assert (first["seen"], first["new"], first["failed"]) == (3, 2, 1)
    [failure] = first["failures"]
    assert failure["path"] == "broken.pdf"
    assert failure["reason"]
    second = headwater.json("gather", str(papers))
    assert (second["new"], second["changed"], second["vanished"]) == (0, 0, 0)


def test_what_was_gathered_is_found_and_linked(headwater: Command, papers: Path) -> None:
    headwater("gather", str(papers), "--audience", "everyone")
    [found] = headwater.json("search", "culvert", *INES)
    assert {"title", "url", "kind", "snippet"} <= set(found)
    assert found["url"].startswith("http://127.0.0.1:8391/o/waterworks/")
    assert "culvert" in found["snippet"].lower()
    assert "Culverts" in headwater("search", "culvert", *INES).stdout


def test_an_inbox_is_a_list_with_reasons(headwater: Command, papers: Path) -> None:
    headwater("gather", str(papers), "--audience", "everyone")
    [found] = headwater.json("search", "culvert", *INES)
    number = found["url"].rstrip("/").rsplit("/", 1)[1]
    headwater("do", "save_profile", "person=ines@waterworks.example", "name=Rain", "query=rains OR sluice")
    (papers / "sluices.md").write_text("# Sluices\n\nEvery sluice is opened once a month.\n")
    headwater("gather", str(papers))
    delivered = headwater.json("inbox", *INES)
    assert any(each["title"] == "Sluices" and "sluice" in " ".join(each["reasons"]).lower() for each in delivered)
    assert {"title", "url", "kind", "reasons", "state", "due"} <= set(delivered[0])
    assert number


def test_a_place_that_is_not_there_is_refused_in_words(headwater: Command, tmp_path: Path) -> None:
    answer = headwater("gather", str(tmp_path / "nowhere"), code=1)
    assert "nowhere" in answer.stderr or "folder" in answer.stderr.lower()
    assert "nowhere" not in headwater("read", "list_sources", "--as", "ada@waterworks.example").stdout


def test_who_reads_must_be_said_when_there_are_several(headwater: Command) -> None:
    assert "--as PERSON" in headwater("search", "anything", code=1).stderr
    assert "--as PERSON" in headwater("inbox", code=1).stderr
    assert "no active person" in headwater("inbox", "--as", "nobody", code=1).stderr


def test_a_query_that_cannot_be_read_names_the_place(headwater: Command) -> None:
    assert "position" in headwater("search", "(culvert OR", *INES, code=2).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("search", "(culvert OR"),
        ("read", "search_entries", "q=(culvert OR"),
        ("do", "save_profile", "name=Rain", "query=(culvert OR"),
        ("do", "create_need", "question=Which?", "owner=ada@waterworks.example", "query=(culvert OR"),
    ],
)
def test_a_query_that_cannot_be_read_is_misuse_at_every_command(headwater: Command, words: tuple[str, ...]) -> None:
    answer = headwater(*words, "--as", "ada@waterworks.example", "--json", code=2)
    assert "position" in json.loads(answer.stdout)["error"]


def test_a_query_that_takes_everything_is_confirmed(headwater: Command) -> None:
    asked = ("do", "save_profile", "person=ines@waterworks.example", "name=All", "query=*")
    answer = headwater(*asked, "--json", code=1)
    assert "confirm that you want it all" in json.loads(answer.stdout)["error"]
    headwater(*asked, "confirmed=yes")
    headwater("do", "remove_profile", f"profile={headwater.json('read', 'list_profiles', *INES)['items'][0]['id']}")


@pytest.mark.parametrize("command", [("search", "culvert"), ("inbox",)])
@pytest.mark.parametrize("limit", ["-5", "0", "some"])
def test_a_limit_that_is_no_number_of_things_is_refused(
    headwater: Command, command: tuple[str, ...], limit: str
) -> None:
    answer = headwater(*command, "--limit", limit, *INES, code=2)
    assert "--limit" in answer.stderr
    assert limit in answer.stderr
    assert "Traceback" not in answer.stderr


def test_what_cannot_be_understood_is_told_as_json_too(headwater: Command) -> None:
    for words in (("dance",), ("inbox", "--limit", "-5"), ("inbox", "--colour"), ("gather",)):
        answer = headwater(*words, "--json", code=2)
        assert list(json.loads(answer.stdout)) == ["error"]
        assert "usage:" in answer.stderr
        assert headwater(*words, code=2).stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ("search", "\udcff"),
        ("inbox", "--as", "\udcff"),
        ("search", "sluice", "--organisation", "\udcff"),
        ("gather", "/tmp/\udcff"),
        ("do", "create_unit", "name=\udcff"),
    ],
)
def test_what_is_no_text_is_refused_in_words(headwater: Command, words: tuple[str, ...]) -> None:
    answer = headwater(*words, "--json", code=2)
    assert "is not UTF-8" in json.loads(answer.stdout)["error"]
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("address", ["ftp://archive.example/x/", "file:///srv/papers", "svn+ssh://archive.example/x"])
def test_an_address_that_nothing_reads_is_no_folder_of_that_name(headwater: Command, address: str) -> None:
    answer = headwater("gather", address, code=2)
    assert f"{address.partition(':')[0]}:// is not gathered" in answer.stderr
    assert "http://" in answer.stderr
    assert headwater("do", "gather_place", f"place={address}", code=2).stdout == ""


def test_an_unknown_organisation_is_named(headwater: Command) -> None:
    assert "elsewhere" in headwater("inbox", "--organisation", "elsewhere", *INES, code=1).stderr


def test_every_verb_is_listed_with_what_it_is_for(headwater: Command) -> None:
    listed = headwater.json("do")
    assert set(listed) == set(registry()) | set(SHORT_NAMES)
    assert all(line for line in listed.values())


def test_a_verb_explains_itself(headwater: Command) -> None:
    text = headwater("do", "create_unit", "--explain").stdout
    assert "name=…   text (needed)" in text
    assert "parent=…   a unit (number or name)" in text


def test_everyday_commands_are_verbs_too(headwater: Command, papers: Path) -> None:
    gathered = headwater.json("do", "gather_place", f"place={papers}", "audience=everyone")
    assert gathered["seen"] >= 3
    assert headwater.json("do", "gather", str(papers))["new"] == 0
    for verb, short, value in (("search_entries", "search", "query=culvert"), ("list_inbox", "inbox", "limit=2")):
        text = value.partition("=")[2]
        plain = (short, text) if short == "search" else (short, "--limit", text)
        assert headwater.json("do", verb, value, *INES) == headwater.json(*plain, *INES)
        assert headwater.json("do", short, value, *INES) == headwater.json(*plain, *INES)
    assert "--as PERSON" in headwater("do", "inbox", code=1).stderr
    assert "headwater gather" in headwater("do", "gather_place", "--explain").stdout
    helped = headwater("do", "--help").stdout
    assert all(verb in helped and short.command in helped for verb, short in SHORT_NAMES.items())


def test_a_verb_is_done_by_the_operator_and_logged(headwater: Command) -> None:
    made = headwater.json("do", "create_unit", "name=Roads")
    assert made["kind"] == "people.unit"
    renamed = headwater.json("do", "rename_unit", "unit=roads", "name=Roads and Paths")
    assert renamed == {"kind": "people.unit", "id": made["id"], "name": "Roads and Paths"}


def test_a_large_file_comes_in_as_it_does_on_the_pages(headwater: Command, tmp_path: Path) -> None:
    rows = "".join(f"{n},Person {n}\n" for n in range(1_001))
    right, wrong = tmp_path / "right.csv", tmp_path / "wrong.csv"
    right.write_text(f"number,name\n{rows}")
    wrong.write_text(f"number,name\n{rows}7,Twice\n")
    refused = headwater("do", "import_people", f"content=@{wrong}", code=1)
    assert "Row 1003" in refused.stderr
    assert headwater("do", "import_people", f"content=@{right}").stdout == ""
    ada = ("--as", "ada@waterworks.example")
    assert headwater.json("read", "list_people", "limit=1", *ada)["count"] == 1_003
    imported = headwater.json("read", "show_import", "pk=2", *ada)
    assert (imported["state"], imported["counts"]["added"]) == ("done", 1_001)
    log = headwater.json("read", "list_audit", "verb=begin_import", *ada)["items"]
    assert [line["door"] for line in log] == ["cli", "cli"]


def test_a_large_thesaurus_comes_in_as_it_does_on_the_pages(headwater: Command, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.ttl", tmp_path / "wrong.ttl"
    padding = b"\n# a comment" * 30_000
    right.write_bytes(SMALL + padding)
    wrong.write_bytes(b"no triples" + padding)
    refused = headwater("do", "import_scheme", f"content=@{wrong}", "name=wrong.ttl", code=1)
    assert "no readable SKOS" in refused.stderr
    headwater("do", "import_scheme", f"content=@{right}", "name=right.ttl", "slug=works-topics", "title=Ours")
    ada = ("--as", "ada@waterworks.example")
    (scheme,) = [one for one in headwater.json("read", "list_schemes", *ada)["items"] if one["slug"] == "works-topics"]
    assert scheme["title"] == "Ours"
    log = headwater.json("read", "list_audit", "verb=begin_scheme_import", *ada)["items"]
    assert [line["door"] for line in log] == ["cli", "cli"]


def test_refusals_and_misuse_have_their_own_exit_codes(headwater: Command) -> None:
    refused = headwater("do", "create_unit", "name=Mine", *INES, "--json", code=1)
    assert json.loads(refused.stdout)["error"]
    assert "also needs name=" in headwater("do", "create_unit", code=2).stderr
    assert "is not one of" in headwater("do", "create_unit", "colour=red", code=2).stderr
    assert "Similar: " in headwater("do", "make_unit", code=2).stderr
    assert "there is no such record" in headwater("do", "rename_unit", "unit=nowhere", "name=X", code=2).stderr
    assert "usage:" in headwater("dance", code=2).stderr


def test_init_refuses_a_second_organisation_of_the_same_name_and_a_demonstration_beside_it(headwater: Command) -> None:
    assert "slug" in headwater("init", "--name", "Waterworks", code=1).stderr.lower()
    assert "HEADWATER_HOME of its own" in headwater("init", "--demo", code=1).stderr


def test_the_administrators_link_is_printed_once(other_home: Command) -> None:
    made = other_home.json("init", "--name", "Harbour Board", "--email", "me@harbour.example")
    assert made["organisation"] == "harbour-board"
    assert made["link"].startswith("http://127.0.0.1:8393/join/")
    # The last one out stopped PostgreSQL.
    log = (other_home.home / "cluster" / "guardian.pid").exists()
    assert not log


def test_without_an_organisation_it_says_how_to_make_one(other_home: Command) -> None:
    assert "headwater init" in other_home("inbox", code=1).stderr


def test_what_the_api_lets_one_read_is_read_here_by_the_same_name(headwater: Command, papers: Path) -> None:
    headwater("gather", str(papers), "--audience", "everyone")
    ada = ("--as", "ada@waterworks.example")
    listed = headwater.json("read", "list_sources", *ada)
    assert listed["count"] == len(listed["items"]) >= 1
    number = listed["items"][0]["id"]
    assert headwater.json("read", "show_source", f"pk={number}", *ada)["id"] == number
    assert f"id={number}" in headwater("read", "list_sources", *ada).stdout
    assert headwater.json("read", "list_audit", "verb=create_person", "limit=1", *ada)["items"][0]["verb"]


def test_reading_is_refused_in_words(headwater: Command) -> None:
    assert "see the proof" in headwater("read", "list_overdue", *INES, code=1).stderr
    assert "needs pk=" in headwater("read", "show_source", *INES, code=2).stderr
    assert "limit" in headwater("read", "list_inbox", "limit=900", *INES, code=2).stderr
    assert "list_overdue" in headwater("read", "show_overdue", *INES, code=2).stderr
    assert "not one of" in headwater("read", "list_inbox", "colour=red", *INES, code=2).stderr
    assert "no such thing" in headwater("read", "show_article", "pk=999", *INES, code=1).stderr
    assert "--as PERSON" in headwater("read", "list_inbox", code=1).stderr


def test_what_can_be_read_is_listed_and_explained(headwater: Command) -> None:
    listed = headwater.json("read")
    assert {"prove_directive", "list_chain", "list_sources", "list_articles", "show_article"} <= set(listed)
    assert all(words for words in listed.values())
    assert "needed" in headwater("read", "prove_directive", "--explain").stdout
