"""What stands around every page: rail, palette, help, theme, entrance."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import get_resolver

from headwater.home.help import GENERAL, TOPICS, help_about
from headwater.home.palette import suggestions
from headwater.home.rail import DAILY, MINE, NEW, STEER, open_places
from headwater.people.models import Grant, Permission, Person
from headwater.search.models import Entry
from tests.home.conftest import Deliver, MakeEntry

SignIn = Callable[[Person], Client]
HOME = "/o/waterworks/"


def test_the_rail_shows_what_a_person_may_go_to(ines: Person, nadia: Person, sign_in: SignIn) -> None:
    staff, manager = (sign_in(person).get(HOME).content.decode() for person in (ines, nadia))
    assert "Steer" not in staff
    assert "Cockpit" not in staff
    assert "Steer" in manager
    assert "/o/waterworks/cockpit/" in manager
    assert "Ask" not in manager  # that room is not built


def test_the_place_one_is_in_is_marked(nadia: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    def current(url: str) -> str:
        page = sign_in(nadia).get(url).content.decode()
        link = page[: page.index('aria-current="page"')]
        return link[link.rindex("title=") + 7 : link.rindex('"')]

    assert current(HOME) == "Today"
    assert current(f"{HOME}cockpit/") == "Cockpit"
    assert current(f"{HOME}entries/{make_entry().pk}/") == "Library"


def test_the_rail_counts_the_unread(ines: Person, make_entry: MakeEntry, bring: Deliver, sign_in: SignIn) -> None:
    entry = make_entry()
    bring(entry, ines)
    bring(make_entry("Other"), ines)
    client = sign_in(ines)
    assert client.get(HOME).context["home"]["rail"][0].places[1].count == 2
    client.get(f"{HOME}entries/{entry.pk}/")
    assert client.get(HOME).context["home"]["rail"][0].places[1].count == 1


def test_every_place_leads_to_a_page_that_exists() -> None:
    known = {f"{space}:{name}" for space, (_p, names) in _spaces().items() for name in names}
    for place in DAILY + STEER + MINE + NEW:
        assert place.name in known, place.label


def _spaces() -> dict[str, tuple[str, set[str]]]:
    found: dict[str, tuple[str, set[str]]] = {}
    for pattern in get_resolver().url_patterns:
        for space, (prefix, inner) in getattr(pattern, "namespace_dict", {}).items():
            found[space] = (prefix, {str(key) for key in inner.reverse_dict if isinstance(key, str)})
    return found


# --- Palette ----------------------------------------------------------------------------------------------------------


def _labels(person: Person, text: str) -> list[str]:
    return [str(option.label) for group in suggestions(person, text) for option in group.options]


def test_the_palette_finds_titles_verbs_and_places(nadia: Person, make_entry: MakeEntry) -> None:
    make_entry("Working in confined spaces")
    assert _labels(nadia, "conf")[0] == "Working in confined spaces"
    assert "Cockpit" in _labels(nadia, "cock")
    assert "Write down what I know" in _labels(nadia, "write")
    assert "Working in confined spaces" not in _labels(nadia, "")


def test_the_palette_offers_only_what_may_be_read_and_done(ines: Person, make_entry: MakeEntry) -> None:
    entry = make_entry("Secret works")
    Entry.objects.filter(pk=entry.pk).update(audience=None)
    assert _labels(ines, "secret") == []
    assert "Cockpit" not in _labels(ines, "cock")
    assert "Must-read" not in _labels(ines, "")


def test_nothing_found_says_how_to_look_inside_texts(ines: Person, sign_in: SignIn) -> None:
    page = sign_in(ines).get(f"{HOME}palette/?q=<b>zzz").content.decode()
    assert "Nothing is called “&lt;b&gt;zzz”" in page


def test_what_was_typed_is_marked(ines: Person, make_entry: MakeEntry, sign_in: SignIn) -> None:
    make_entry("Confined spaces")
    assert "<mark>Confined</mark> spaces" in sign_in(ines).get(f"{HOME}palette/?q=conf").content.decode()


# --- Help and theme ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "topic"),
    [
        ("home-today", "home-today"),
        ("distribute-profile-new", "distribute-profile"),
        ("library-edit", "library"),
        ("distribute-prove", "distribute-pro"),
    ],
)
def test_help_is_about_the_page_one_is_on(page: str, topic: str) -> None:
    assert help_about(page) is TOPICS[topic]


def test_a_page_nobody_wrote_about_has_general_help() -> None:
    assert help_about("moon-phases") is GENERAL


def test_help_is_shown(ines: Person, sign_in: SignIn) -> None:
    assert "What you must read" in sign_in(ines).get(f"{HOME}help/home-today/").content.decode()


def test_the_chosen_theme_is_kept(ines: Person, sign_in: SignIn) -> None:
    client = sign_in(ines)
    answer = client.post(f"{HOME}theme/", {"theme": "dark", "next": f"{HOME}cockpit/"})
    assert answer["Location"] == f"{HOME}cockpit/"
    assert 'data-theme="dark"' in client.get(HOME).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", ""])
def test_the_theme_never_leads_elsewhere(elsewhere: str, ines: Person, sign_in: SignIn) -> None:
    answer = sign_in(ines).post(f"{HOME}theme/", {"theme": "purple", "next": elsewhere})
    assert answer["Location"] == HOME


# --- Entrance ---------------------------------------------------------------------------------------------------------


def test_the_first_address_leads_to_ones_organisation(ines: Person, sign_in: SignIn) -> None:
    assert sign_in(ines).get("/")["Location"] == HOME


def test_the_design_page_is_shown_in_a_demonstration_only(nadia: Person, sign_in: SignIn, settings: object) -> None:
    settings.HEADWATER_DEMO = False  # type: ignore[attr-defined]
    assert sign_in(nadia).get(f"{HOME}design/").status_code == 404
    settings.HEADWATER_DEMO = True  # type: ignore[attr-defined]
    assert sign_in(nadia).get(f"{HOME}design/").status_code == 200


@pytest.mark.parametrize("permission", [*Permission.values, ""])
def test_no_place_that_is_offered_refuses(permission: str, ines: Person, sign_in: SignIn) -> None:
    if permission:
        Grant.objects.get_or_create(person=ines, permission=permission, unit=None)
    client = sign_in(ines)
    offered = open_places(ines, DAILY + STEER + MINE + NEW)
    assert [place.name for place in offered if client.get(place.url).status_code != 200] == []
