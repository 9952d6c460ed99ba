"""The pages in docs/ name files that are there and link to pages that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "headwater"
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages_that_are_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
    examples = {"SAF-009", "entries/12"}
    assert [each for each in targets if each not in examples and not (page.parent / each).exists()] == []


def test_the_tour_names_files_that_are_there() -> None:
    named = set(re.findall(r"`([\w/]+\.py)`", (ROOT / "docs" / "tour.md").read_text()))
    assert len(named) > 20
    assert [each for each in named if not (SOURCES / each).exists() and not list(SOURCES.glob(f"*/{each}"))] == []


def test_the_commands_of_the_how_tos_name_verbs_that_are_there() -> None:
    verbs = set(re.findall(r"\| `(\w+)` \|", (ROOT / "docs" / "verbs.md").read_text()))
    used = {verb for page in PAGES for verb in re.findall(r"headwater do (\w+)", page.read_text())}
    assert used - verbs - {"VERB_NOUN"} == set()


def test_every_setting_of_the_environment_is_explained() -> None:
    explained = set(re.findall(r"HEADWATER_[A-Z_]+", (ROOT / "docs" / "how-to" / "settings.md").read_text()))
    read = {name for path in SOURCES.rglob("*.py") for name in re.findall(r"\"(HEADWATER_[A-Z_]+)\"", path.read_text())}
    assert read - explained - {"HEADWATER_DEMO"} == set()
