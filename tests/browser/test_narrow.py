"""What stands beside each other on a desk finds its place at 320 px too: nothing is cut, nothing runs together."""

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.models import Directive
from headwater.search.models import Entry, Kind
from tests.browser.conftest import OpenPage

HOME = "/o/works/"
# Facts whose words are broken or reach past their line, and what lies over another's middle.
CUT_FACTS = """[...document.querySelectorAll(".reading-facts > .facts > *")].filter((fact) => {
    const place = fact.getBoundingClientRect(), line = fact.parentElement.getBoundingClientRect();
    const seen = document.elementFromPoint(place.right - 2, place.top + place.height / 2);
    return fact.getClientRects().length > 1 || place.height > 30 || place.right > line.right || !fact.contains(seen);
}).map((fact) => fact.textContent)"""
OUTSIDE = """[...document.querySelectorAll(".figures > *")].flatMap((tile) => {
    const edge = tile.getBoundingClientRect().right;
    return [...tile.querySelectorAll("*")].filter((part) => part.getBoundingClientRect().right > edge + 1);
}).map((part) => part.textContent)"""


def test_the_facts_of_a_text_stand_above_its_buttons(open_page: OpenPage, demonstration: Organisation) -> None:
    with organisation_context(demonstration.pk):
        entry = Entry.objects.current().filter(kind=Kind.GATHERED, title__startswith="Chain of custody")[0]
    page = open_page("ines.marlow", f"{HOME}entries/{entry.pk}/", width=320)
    assert page.locator(".reading-facts .btn").count() == 2
    assert page.evaluate(CUT_FACTS) == []


def test_what_a_tile_of_the_proof_says_stays_in_it(open_page: OpenPage, demonstration: Organisation) -> None:
    with organisation_context(demonstration.pk):
        directive = Directive.objects.filter(state=Directive.State.ISSUED).order_by("pk")[0]
    page = open_page("nadia.brandt", f"{HOME}distribute/directives/{directive.pk}/proof/", width=320)
    assert page.locator(".figures > *").count() == 4
    assert page.evaluate(OUTSIDE) == []
