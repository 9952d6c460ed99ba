"""The rules of the house, held against the code itself (docs/house.md says what each is for)."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from headwater.core.actions import REGISTRY
from headwater.core.wall import walled_models

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "headwater"
FLOORS = ["core", "taxonomy", "people", "search", "gather", "library", "distribute", "home"]
LONGEST_FUNCTION, LONGEST_FILE = 50, 450
NETWORK = {"httpx", "httpcore", "requests", "aiohttp", "smtplib", "imaplib", "imap_tools", "apprise", "urllib.request"}
MAY_TOUCH_THE_NETWORK = ("gather/connectors/", "distribute/channels/", "core/mail.py", "cli/")


def python_files() -> list[Path]:
    return [path for path in sorted(SOURCES.rglob("*.py")) if "migrations" not in path.parts]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def load_actions() -> None:
    """Import every room's verbs, wherever a room keeps them."""
    for room in settings.ROOMS:
        if find_spec(f"{room}.actions"):
            import_module(f"{room}.actions")


def test_foreign_keys_point_down() -> None:
    wrong = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in FLOORS
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model is not None
        if field.related_model._meta.app_label in FLOORS
        if FLOORS.index(field.related_model._meta.app_label) > FLOORS.index(model._meta.app_label)
    ]
    assert wrong == []


def test_every_model_of_a_room_is_behind_the_wall() -> None:
    walled = set(walled_models())
    outside = {model._meta.label for model in apps.get_models() if model._meta.app_label in FLOORS} - {
        model._meta.label for model in walled
    }
    assert outside == {"core.User", "core.Organisation"}


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(SOURCES)))
def test_functions_and_files_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE
    long = [
        each.name for each in functions(ast.parse(text)) if (each.end_lineno or 0) - each.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(SOURCES)))
def test_public_modules_and_functions_say_what_they_are_for(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if path.name in ("__init__.py", "apps.py") or not tree.body:
        return
    assert ast.get_docstring(tree), "the module has no docstring"


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(SOURCES)))
def test_the_network_is_touched_in_connectors_and_channels_only(path: Path) -> None:
    if str(path.relative_to(SOURCES)).startswith(MAY_TOUCH_THE_NETWORK):
        return
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    assert not {name for name in names if name in NETWORK or name.split(".")[0] in NETWORK}


def templates() -> list[Path]:
    return sorted(SOURCES.rglob("templates/**/*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(SOURCES)))
def test_templates_hold_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert not re.search(r"\sstyle=[\"']", text)
    assert not re.search(r"\son[a-z]+=[\"']", text)
    assert "|safe" not in text


def test_every_verb_has_its_line_in_the_docs() -> None:
    load_actions()
    documented = (ROOT / "docs" / "verbs.md").read_text()
    missing = [
        f"| `{name}` | {first_line(function.__doc__)} |"
        for name, function in sorted(REGISTRY.items())
        if function.__module__.startswith("headwater.")
        and f"| `{name}` | {first_line(function.__doc__)} |" not in documented
    ]
    assert missing == [], "docs/verbs.md lacks these lines"


def first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0].replace("|", "\\|")


def test_verbs_are_named_verb_noun() -> None:
    load_actions()
    assert [name for name in REGISTRY if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


def test_nothing_names_the_machine_it_was_made_on() -> None:
    telling = re.compile(r"/work/|/tmp/hw|/root/")
    skipped = {".png", ".woff2", ".whl", ".lock", ".pdf", ".docx", ".pptx", ".xlsx", ".odt", ".jpg", ".epub"}
    found = [
        str(path.relative_to(ROOT))
        for folder in ("src", "docs", "bench", "assets")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and path.suffix not in skipped
        and not {"node_modules", "__pycache__", "static"} & set(path.parts)
        if telling.search(path.read_text(errors="replace"))
    ]
    assert found == []


def test_no_choice_is_offered_as_dashes() -> None:
    """What nothing chosen means stands in the list itself."""
    silent = [
        f"{path.relative_to(SOURCES)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "forms.ModelChoiceField"
        if not {"empty_label", "widget"} & {keyword.arg for keyword in node.keywords}
    ]
    assert silent == []


def test_what_is_typed_is_read_in_one_place() -> None:
    """Python's own ways to read a number or a moment raise for some texts; `core.typed` raises for none."""
    raising = re.compile(r"\.isdecimal\(|\bparse_date(time)?\(|\bint\(request\.")
    ours = {"core/typed.py", "home/entry.py"}  # the second reads what the database wrote
    found = {str(path.relative_to(SOURCES)) for path in python_files() if raising.search(path.read_text())}
    assert found - ours == set()
