"""No form is refused in silence: whoever looks whether a form is valid also says what is wrong with it."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.test_rules import SOURCES, functions

# A form's errors are shown by drawing its page again, or told; `filled` and `pressed` do it for their callers.
SAID_BY = {"render", "complain", "tell", "_page"}


def views() -> list[str]:
    """The modules of pages, by their place in the package."""
    paths = [*SOURCES.glob("*/views*.py"), *SOURCES.glob("*/views/*.py")]
    return sorted(str(path.relative_to(SOURCES)) for path in paths)


def silent(source: str) -> Iterator[str]:
    """The functions that ask a form whether it is valid, answer a post, and say nothing of what it holds against it."""
    for function in functions(ast.parse(source)):
        nodes = list(ast.walk(function))
        called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        answers = called & {"redirect", "_back"}
        if "is_valid" in named and answers and "errors" not in named and not said_otherwise(function):
            yield function.name


def said_otherwise(function: ast.AST) -> bool:
    """Whether something is told where the form is not valid, or the page is drawn again at the end."""
    when_valid = {
        id(node)
        for branch in ast.walk(function)
        if isinstance(branch, ast.If) and "is_valid" in ast.dump(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID_BY
        for node in ast.walk(function)
        if id(node) not in when_valid
    )


@pytest.mark.parametrize("module", views())
def test_no_form_is_refused_in_silence(module: str) -> None:
    assert list(silent((SOURCES / module).read_text())) == []


def test_the_test_sees_silence() -> None:
    silently = "def make(request):\n    if form.is_valid():\n        tell(request, 'Made')\n    return redirect('/')\n"
    assert list(silent(silently)) == ["make"]
    assert list(silent(silently.replace("    return", "    else:\n        tell(request, 'Wrong')\n    return"))) == []
