"""Choosing one person by typing: who is offered, what is understood, what is refused, and what it costs."""

import re
import unicodedata
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.core.actions import System
from headwater.core.addresses import address
from headwater.core.models import Organisation
from headwater.core.wall import set_organisation
from headwater.people import actions
from headwater.people.days import today
from headwater.people.forms import AbsenceForm, MemberForm, UnitForm
from headwater.people.models import Community, Person, PersonWord, Unit
from headwater.people.picking import OFFERED, PersonField, begins, known_as, label_of, offered_people
from tests.people.conftest import World

SignIn = Callable[[Person], Client]
NAMES = [
    "Jörg Ólafsson",
    "Maria da Silva Santos",
    "maria jones",
    "Marian Silver",
    "Åse Öberg",
    "Σοφία Παππάς",
    "Li Wei",
]


@pytest.fixture
def named(organisation: Organisation, unit: Unit) -> dict[str, Person]:
    """People whose names begin alike or bear accents, each with a staff number; by name."""
    rows = [Person(name=name, number=f"W-{10 + at}", unit=unit) for at, name in enumerate(NAMES)]
    return {person.name: person for person in Person.objects.bulk_create(rows)}


def names(typed: str) -> list[str]:
    return [person.name for person in offered_people(typed)]


def folded(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not "\u0300" <= sign <= "\u036f").lower()


# --- Who is offered ---------------------------------------------------------------------------------------------------


def test_whoever_has_a_word_that_begins_so_is_offered(named: dict[str, Person]) -> None:
    typed = [
        "m",
        "MARI",
        "sil",
        "silva",
        "da s",
        "santos maria",
        "jorg",
        "JÖRG",
        "Öl",
        "ob",
        "ase",
        "σοφ",
        "παππα",
        "w-1",
    ]
    typed += ["w-12", "li wei", "zz", "m zz", "maria jones smith"]
    for text in typed:
        parts = folded(text).split()
        fitting = {
            person.name
            for person in named.values()
            if all(
                any(word.startswith(part) for word in folded(f"{person.name} {person.number}").split())
                for part in parts
            )
        }
        assert set(names(text)) == fitting, text


def test_nothing_typed_offers_nobody(named: dict[str, Person]) -> None:
    assert names("") == names("  ") == names(" · ") == []


def test_no_more_than_eight_are_offered_the_nearest_words_first(organisation: Organisation) -> None:
    Person.objects.bulk_create(Person(name=f"Kim Kimber {at:02}") for at in range(30))
    Person.objects.create(name="Zoe Kim")
    assert len(names("kim")) == OFFERED
    assert names("kim z") == ["Zoe Kim"]
    assert names("kim")[:2] == ["Kim Kimber 00", "Kim Kimber 01"]
    assert len(names("ki")) == OFFERED  # both words of each name begin so; nobody is offered twice
    assert len(set(names("ki"))) == OFFERED


def test_only_members_of_now_are_offered(named: dict[str, Person]) -> None:
    day = today()
    Person.objects.filter(name="maria jones").update(left_on=day)
    Person.objects.filter(name="Marian Silver").update(joined_on=day.replace(year=day.year + 1))
    assert names("mari") == ["Maria da Silva Santos"]


def test_people_of_another_organisation_are_neither_offered_nor_accepted(organisation: Organisation) -> None:
    other = Organisation.objects.create(slug="roads", name="Roads")
    set_organisation(other.pk)
    stranger = Person.objects.create(name="Stranger Elsewhere", number="S-1", email="s@roads.example")
    set_organisation(organisation.pk)
    assert names("stranger") == names("s-1") == []
    for typed in (str(stranger.pk), stranger.name, "S-1", "s@roads.example", "Stranger Elsewhere · S-1"):
        with pytest.raises(ValidationError, match="Nobody here is known as"):
            PersonField().clean(typed)


def test_a_new_name_is_found_and_the_old_one_is_not(named: dict[str, Person]) -> None:
    wei = named["Li Wei"]
    actions.change_person(System("test"), wei, name="Li Zhang", number="N-7")
    assert (names("wei"), names("zha"), names("n-7")) == ([], ["Li Zhang"], ["Li Zhang"])
    Person.objects.filter(pk=wei.pk).update(name="Li Chen")
    assert (names("zhang"), names("chen")) == ([], ["Li Chen"])
    Person.objects.bulk_update([Person(pk=wei.pk, email="li@waterworks.example")], ["email"])
    assert names("li@water") == ["Li Chen"]


def test_an_erased_person_leaves_no_word(organisation: Organisation) -> None:
    gone = Person.objects.create(name="Gone Long", number="G-1", email="gone@waterworks.example", left_on=today())
    actions.erase_person(System("test"), gone)
    assert not {"gone", "long", "g-1", "gone@waterworks.example"} & set(gone.words.values_list("word", flat=True))


def test_whoever_was_there_before_the_words_is_found_too(named: dict[str, Person]) -> None:
    before = set(PersonWord.objects.values_list("person", "word"))
    PersonWord.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("headwater.people.migrations.0007_kept_words").FILL)
    assert set(PersonWord.objects.values_list("person", "word")) == before != set()


def test_the_bounds_go_into_the_index_behind_the_wall(named: dict[str, Person]) -> None:
    # Asked in the order of the words and without sorting, only the index of words answers, whatever the statistics say.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    plan = PersonWord.objects.filter(begins("word", "mar")).order_by("word").explain()
    assert re.search(r"Index Cond: .*organisation_id = .*word.* >= .*word.* < ", plan), plan


# --- What is understood, and what is refused --------------------------------------------------------------------------


def test_a_person_may_be_typed_in_five_ways(named: dict[str, Person], unit: Unit) -> None:
    maria = named["Maria da Silva Santos"]
    Person.objects.filter(pk=maria.pk).update(email="maria@waterworks.example")
    assert label_of(maria) == f"Maria da Silva Santos · {unit.name} · W-11"
    ways = [label_of(maria), label_of(maria).lower(), "MARIA DA SILVA SANTOS", " w-11 ", "Maria@waterworks.example"]
    for typed in [*ways, str(maria.pk), "Maria da Silva Santos · Moved since · W-11"]:
        assert PersonField().clean(typed) == maria, typed


def test_an_address_stands_in_for_a_missing_number(ines: Person, unit: Unit) -> None:
    assert label_of(ines) == f"Ines · {unit.name} · ines@waterworks.example"
    assert PersonField().clean(label_of(ines)) == ines
    lone = Person.objects.create(name="Lone")
    assert label_of(lone) == "Lone"
    ours = Person.objects.create(name="Lone", unit=unit)
    assert PersonField().clean(label_of(ours)) == ours


def test_namesakes_are_told_apart_or_refused(organisation: Organisation, unit: Unit) -> None:
    first, second = (Person.objects.create(name="Ana Ito", number=number, unit=unit) for number in ("A-1", "A-2"))
    with pytest.raises(ValidationError, match=r"“ana ito” may be several people. Choose one of those offered"):
        PersonField().clean("ana ito")
    assert [PersonField().clean(label_of(one)) for one in (first, second)] == [first, second]
    Person.objects.create(name="Digits", number=str(first.pk))
    with pytest.raises(ValidationError, match="several people"):
        PersonField().clean(str(first.pk))


@pytest.mark.parametrize(
    "typed", ["Nobody", "Ana", "W-99", "0", "9" * 40, "Li Wei · W-11", "·", " · ", "%", "' OR 1=1"]
)
def test_what_means_nobody_is_refused(named: dict[str, Person], typed: str) -> None:
    with pytest.raises(ValidationError, match=r"Nobody here is known as “.+”. Begin to type a name or staff number"):
        PersonField().clean(typed)


def test_who_has_left_is_refused(named: dict[str, Person]) -> None:
    Person.objects.filter(name="Li Wei").update(left_on=today())
    for typed in ("Li Wei", "W-16", str(named["Li Wei"].pk)):
        with pytest.raises(ValidationError, match="is not a member now"):
            PersonField().clean(typed)


def test_a_text_too_long_or_with_a_null_is_refused(named: dict[str, Person]) -> None:
    for typed in ("x" * 5000, "Li\0Wei"):
        with pytest.raises(ValidationError):
            PersonField().clean(typed)


def test_an_empty_field_is_nobody_or_required(organisation: Organisation) -> None:
    assert PersonField(required=False).clean(" ") is None
    with pytest.raises(ValidationError, match="required"):
        PersonField().clean("")


def test_a_form_may_narrow_whom_it_takes(ines: Person, otto: Person) -> None:
    given = {"since": "2030-01-01", "until": "2030-01-02"}
    form = AbsenceForm({**given, "deputy": "ines"}, person=ines)
    refusal = "“ines” cannot be chosen here, or is not a member now. Choose somebody else."
    assert form.errors == {"deputy": [refusal]}
    form = AbsenceForm({**given, "deputy": "otto"}, person=ines)
    assert form.is_valid()
    assert form.cleaned_data["deputy"] == otto
    assert known_as(Person.objects.none(), "otto") == []


# --- How it looks -----------------------------------------------------------------------------------------------------


def test_the_line_has_a_label_and_a_list_of_its_own(organisation: Organisation) -> None:
    page = MemberForm().as_p()
    assert '<label for="id_person">Bring somebody in:</label>' in page
    assert 'list="id_person_offered"' in page
    assert '<datalist id="id_person_offered"></datalist>' in page
    assert f'hx-get="{address("people:offered")}"' in page
    assert "<select" not in page


def test_a_field_keeps_what_was_typed_and_shows_whom_it_had(otto: Person, unit: Unit) -> None:
    assert 'value="Otto · Drainage · otto@waterworks.example"' in UnitForm(initial={"head": otto}).as_p()
    assert 'value="Otto · Drainage · otto@waterworks.example"' in UnitForm(initial={"head": otto.pk}).as_p()
    form = UnitForm({"name": "Drainage", "head": "Ot <b>"})
    assert 'value="Ot &lt;b&gt;"' in form.as_p()
    assert (
        not UnitForm({"head": label_of(otto)}, initial={"head": otto}).fields["head"].has_changed(otto, label_of(otto))
    )


def test_an_empty_field_asks_nothing_and_a_known_person_neither(otto: Person, unit: Unit) -> None:
    address("people:offered")
    known = Person.objects.select_related("unit").get(pk=otto.pk)
    for initial, most in (({}, 1), ({"head": known}, 1), ({"head": otto.pk}, 2)):  # one for the units above it
        with CaptureQueriesContext(connection) as captured:
            UnitForm(initial=initial).as_p()
        assert len(captured) == most


# --- On pages ---------------------------------------------------------------------------------------------------------


def test_the_list_below_a_field_of_any_name(ines: Person, otto: Person, sign_in: SignIn) -> None:
    client = sign_in(ines)
    page = client.get(
        address("people:offered"), {"head": "ot"}, headers={"HX-Request": "true", "HX-Trigger-Name": "head"}
    )
    assert page.content.decode() == '<option value="Otto · Drainage · otto@waterworks.example"></option>'
    assert client.get(address("people:offered"), {"q": "<"}).content == b""
    assert client.post(address("people:offered")).status_code == 405
    assert Client().get(address("people:offered"), {"q": "ot"}).status_code == 302


def test_who_cannot_be_chosen_is_not_offered(ines: Person, otto: Person, sign_in: SignIn) -> None:
    page = AbsenceForm(person=otto).as_p()
    assert f'hx-get="{address("people:offered")}?without={otto.pk}"' in page
    for without, offered in ((otto.pk, False), (ines.pk, True), ("x", True), ("9" * 30, True)):
        answer = sign_in(ines).get(address("people:offered"), {"q": "ot", "without": without})
        assert ("Otto" in answer.content.decode()) is offered


def test_a_thousand_people_cost_no_more_than_three(
    ada: Person, otto: Person, unit: Unit, world: World, sign_in: SignIn
) -> None:
    client = sign_in(ada)
    community = Community.objects.get(slug="rescue")
    pages = [
        address("people:person", pk=otto.pk),
        address("people:unit-edit", pk=unit.pk),
        address("people:unit-new"),
        address("people:community-new"),
        address("people:community-edit", pk=community.pk),
        address("people:offered") + "?q=otto",
    ]

    def cost() -> list[tuple[int, int]]:
        costs = []
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(page)
            assert answer.status_code == 200
            asked = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
            assert len(asked) <= 15, "\n".join(
                ["", page, *(re.sub(r"SELECT .* FROM", "FROM", one)[:150] for one in asked)]
            )
            costs.append((len(asked), len(answer.content)))
        return costs

    cost()
    few = cost()
    Person.objects.bulk_create(Person(name=f"Member {at}", number=f"M-{at}") for at in range(1000))
    assert all(
        queries == more and abs(size - longer) < 200
        for (queries, size), (more, longer) in zip(few, cost(), strict=True)
    )


def test_pages_take_names_and_say_what_they_do_not_understand(
    ada: Person, otto: Person, unit: Unit, world: World, sign_in: SignIn
) -> None:
    client = sign_in(ada)
    path = address("people:unit-edit", pk=unit.pk)
    page = client.post(path, {"name": "Drainage", "head": "ana", "deputy": "Otter"}).content.decode()
    assert "Nobody here is known as “Otter”" in page
    assert 'value="Otter"' in page
    assert client.post(path, {"name": "Drainage", "head": "ana", "deputy": "otto"}).status_code == 302
    unit.refresh_from_db()
    assert (unit.head, unit.deputy) == (world.people["Ana"], otto)
    path = address("people:community-members", pk=world.communities["rescue"].pk)
    said: Any = client.post(path, {"what": "join", "person": "Otter"}, follow=True)
    page = said.content.decode()
    assert "Bring somebody in: Nobody here is known as “Otter”" in page
    assert 'value="Otter"' in page
    assert client.post(path, {"what": "join", "person": "Cal"}).status_code == 302
    assert world.people["Cal"].communities.filter(slug="rescue").exists()
    client.post(path, {"what": "join", "person": ""})
    assert not ada.communities.exists()


def test_small_forms_keep_what_was_typed(ada: Person, otto: Person, sign_in: SignIn) -> None:
    client = sign_in(ada)
    given = {"since": "2030-01-01", "until": "2030-01-02", "deputy": "Otter & Sons"}
    said: Any = client.post(address("people:absences", pk=otto.pk), given, follow=True)
    page = said.content.decode()
    assert "Who stands in: Nobody here is known as" in page
    assert 'value="Otter &amp; Sons"' in page
    assert 'value="2030-01-01"' in page
    assert "open><summary>Record an absence" in page
    said = client.post(address("people:departure", pk=otto.pk), {"on": "2030-01-01", "successor": "otto"}, follow=True)
    page = said.content.decode()
    assert "“otto” cannot be chosen here" in page
    assert "open><summary>Let the person leave" in page
    assert "open><summary>Record an absence" not in page
