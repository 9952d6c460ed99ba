"""Attention in the product: the best of a person's day is pushed, the rest waits, and all of it is in the inbox."""

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute.actions import change_preferences, start_learning, stop_learning
from headwater.distribute.attending import IN_FULL, forget_habits, habits_of, lay_out
from headwater.distribute.digests import make_digests
from headwater.distribute.inbox import inbox_of
from headwater.distribute.models import Delivery, Directive, Dispatch, InterestProfile, Preference, Reason
from headwater.distribute.sending import plan
from headwater.people.models import Audience, Person
from headwater.search.models import EntryVersion
from tests.conftest import enrol
from tests.distribute.conftest import Postbox, make_version, send_all, text_of

UTC = ZoneInfo("UTC")
Bring = Callable[..., Delivery]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_habits()
    yield
    forget_habits()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], datetime]:
    """Set the clock to that day of March 2026 and hour, in UTC: the 10th is a Tuesday."""

    def set_to(day: int, hour: int) -> datetime:
        now = datetime(2026, 3, day, hour, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    return set_to


@pytest.fixture
def bring(everyone: Audience, ines: Person, nadia: Person) -> Bring:
    """Something new for Ines that scored so much, about words of its own unless it is said what."""
    Person.objects.filter(pk=ines.pk).update(timezone="UTC")
    ines.refresh_from_db()
    enrol(everyone)
    numbers = iter(range(10_000))

    def brought(score: float = 1.0, title: str = "", fingerprint: int | None = None, **fields: object) -> Delivery:
        title = title or f"number{next(numbers)}"
        version = make_version(title, title, everyone, nadia)
        EntryVersion.objects.filter(pk=version.pk).update(fingerprint=fingerprint)
        values = {"push": "at_once", "created_at": timezone.now(), "score": score} | fields
        return Delivery.objects.create(person=ines, version=version, **values)

    return brought


def pushed() -> set[int]:
    return set(Dispatch.objects.values_list("delivery", flat=True))


def test_the_best_go_out_in_whatever_order_they_came(ines: Person, bring: Bring) -> None:
    change_preferences(ines, ines, budget=2)
    deliveries = [bring(score) for score in (1, 9, 2, 7)]
    plan(deliveries)
    assert pushed() == {deliveries[1].pk, deliveries[3].pk}
    assert list(Delivery.objects.filter(rolled=True).order_by("pk")) == [deliveries[0], deliveries[2]]
    assert inbox_of(ines).count() == 4, "whatever is pushed, all of it is in the inbox"
    plan([bring(99)])
    assert len(pushed()) == 2, "the budget is that of the day"


def test_a_near_copy_of_what_went_out_waits(ines: Person, bring: Bring) -> None:
    first, copy, other = bring(5, fingerprint=-1), bring(4, fingerprint=-2), bring(1, fingerprint=0xFFFF)
    plan([first, copy, other])
    assert pushed() == {first.pk, other.pk}
    later = bring(9, fingerprint=-1)
    plan([later])
    assert later.pk not in pushed(), "and so does one that comes later"


def test_what_says_the_same_yields_to_something_else(ines: Person, bring: Bring) -> None:
    change_preferences(ines, ines, budget=2)
    best, same, other = bring(9, "pump seal leaks"), bring(8, "pump seal leaking"), bring(5, "pay rise agreed")
    plan([best, same, other])
    assert pushed() == {best.pk, other.pk}


def test_must_reads_and_urgent_things_pass_whatever_the_budget(ines: Person, bring: Bring) -> None:
    change_preferences(ines, ines, budget=0)
    must, urgent, calm = bring(must_acknowledge=True), bring(urgent=True), bring()
    plan([must, urgent, calm])
    assert pushed() == {must.pk, urgent.pk}


def test_what_somebody_sent_goes_before_what_merely_matches(
    ines: Person, nadia: Person, everyone: Audience, bring: Bring
) -> None:
    change_preferences(ines, ines, budget=1)
    matched, sent = bring(50), bring(0)
    directive = Directive.objects.create(name="Read", entry=sent.version.entry, audience=everyone, issued_by=nadia)
    Reason.objects.create(delivery=sent, directive=directive)
    plan([matched, sent])
    assert pushed() == {sent.pk}


def test_what_no_channel_takes_is_not_written_again_each_time(ines: Person, bring: Bring) -> None:
    Person.objects.filter(pk=ines.pk).update(email="")
    bring(9)
    plan(list(Delivery.objects.select_related("person")))
    assert not pushed()
    with CaptureQueriesContext(connection) as asked:
        plan(list(Delivery.objects.select_related("person")))
    writes = [each["sql"] for each in asked.captured_queries if "UPDATE distribute_delivery" in each["sql"]]
    assert not writes, "a row that is written is announced, and planned again"


def past_days(bring: Bring, at: Callable[[int, int], datetime]) -> None:
    """On the six working days before the 10th of March, ten things at nine and ten at fifteen o'clock."""
    for day in (2, 3, 4, 5, 6, 9):
        for number in range(20):
            at(day, 9 if number < 10 else 15)
            bring(1, worth=number % 10 / 20, read_at=timezone.now())


def test_in_the_morning_of_a_usual_day_only_the_best_go_out(
    ines: Person, bring: Bring, at: Callable[[int, int], datetime]
) -> None:
    past_days(bring, at)
    change_preferences(ines, ines, budget=4)
    at(10, 8)
    weak, strong = bring(1), bring(9)
    plan([weak, strong])
    assert pushed() == {strong.pk}, "sixteen of twenty will not fit: what is no better than usual waits"
    at(10, 16)
    last = bring(0.8)
    plan([last])
    assert pushed() == {strong.pk, last.pk}, "no more is expected; but what waited for hours is no news"


def test_what_was_held_back_goes_out_when_the_day_turns_out_quiet(
    ines: Person, bring: Bring, at: Callable[[int, int], datetime]
) -> None:
    past_days(bring, at)
    change_preferences(ines, ines, budget=5)
    at(10, 8)
    held = bring(1)
    plan([held])
    assert pushed() == set()
    at(10, 11)
    plan([bring(1)])
    assert held.pk in pushed()
    assert not Delivery.objects.get(pk=held.pk).rolled


def test_a_weekend_is_held_against_weekends(ines: Person, bring: Bring, at: Callable[[int, int], datetime]) -> None:
    past_days(bring, at)
    now = at(7, 8)
    assert habits_of([ines], now)[ines.pk].usual is None, "of Saturdays nothing is known"
    now = at(10, 8)
    usual = habits_of([ines], now)[ines.pk].usual
    assert usual is not None
    assert (usual.by_hour[9], usual.by_hour[15], sum(usual.by_hour)) == (10, 10, 20)


def test_the_day_is_the_persons_own(ines: Person, bring: Bring, at: Callable[[int, int], datetime]) -> None:
    change_preferences(ines, ines, budget=1)
    ines.timezone = "Pacific/Auckland"
    ines.save()
    at(10, 9)  # 22:00 there
    plan([bring()])
    Dispatch.objects.update(created_at=timezone.now())
    at(10, 10)
    late = bring()
    plan([late])
    assert late.pk not in pushed()
    at(10, 12)  # past midnight there
    early = bring()
    plan([early])
    assert early.pk in pushed()


@pytest.mark.parametrize("learns", [True, False])
def test_what_was_of_use_goes_first_for_who_lets_it_be_learned(ines: Person, bring: Bring, learns: bool) -> None:
    liked, unliked = (InterestProfile.objects.create(name=name, person=ines, query="x") for name in ("a", "b"))
    for number in range(20):
        past = bring(created_at=timezone.now() - timedelta(days=3), useful=number % 2 == 0, push="digest")
        Reason.objects.create(delivery=past, profile=liked if past.useful else unliked)
    if learns:
        start_learning(ines, ines)
    change_preferences(ines, ines, budget=1)
    stronger, other = bring(6), bring(5)
    Reason.objects.create(delivery=stronger, profile=unliked)
    Reason.objects.create(delivery=other, profile=liked)
    plan([stronger, other])
    assert pushed() == {other.pk if learns else stronger.pk}


@pytest.mark.parametrize("keep", [True, False])
def test_consent_counts_from_the_moment_it_is_given_and_no_longer_than_it_lasts(
    ines: Person, bring: Bring, keep: bool
) -> None:
    profile = InterestProfile.objects.create(name="a", person=ines, query="x")
    Reason.objects.create(delivery=bring(created_at=timezone.now() - timedelta(days=3), useful=True), profile=profile)

    def likings() -> set[int]:
        return set(habits_of([ines], timezone.now())[ines.pk].liking)

    assert likings() == set()
    start_learning(ines, ines)
    assert likings() == {profile.pk}
    stop_learning(ines, ines, keep=keep)
    assert likings() == set(), "what was remembered under it is not used any more"
    start_learning(ines, ines)
    assert likings() == {profile.pk}


# --- The digest -------------------------------------------------------------------------------------------------------


def test_a_digest_tells_the_best_in_full_and_the_rest_in_one_line(
    organisation: Organisation, postbox: Postbox, ines: Person, bring: Bring
) -> None:
    Preference.objects.create(person=ines, digest_at=time(0, 0))
    early = timezone.now() - timedelta(days=1)
    for number in range(IN_FULL + 9):
        bring(number + 1, f"title{number}", push="digest", created_at=early)
    bring(999, "copied", fingerprint=-1, push="digest", created_at=early)
    bring(998, "copy", fingerprint=-2, push="digest", created_at=early)
    make_digests(organisation.pk)
    send_all(organisation)
    (mail,) = postbox.mails
    text = text_of(mail).replace("\r\n", "\n")
    assert mail["Subject"] == f"{IN_FULL + 11} things for you"
    assert "* copied\n  With 1 near-copy of it.\n" in text
    assert "* copy\n" not in text
    assert f"* title{IN_FULL + 8}\n" in text
    assert "* 10 more: title9; title8; title7; title6; title5; title4; and 4 others\n" in text
    assert "* title0\n" not in text


def test_a_copy_of_what_was_pushed_today_is_no_news_in_the_digest(ines: Person, bring: Bring) -> None:
    sent = bring(5, fingerprint=-1)
    plan([sent])
    copy = bring(9, fingerprint=-1, push="digest")
    other = bring(1, push="digest")
    layout = lay_out([copy, other], ines)
    assert (layout.told, layout.rest) == ([(other, 0)], [copy])


def test_planning_asks_as_much_of_the_database_for_many_as_for_one(
    ines: Person, nadia: Person, otto: Person, bring: Bring, django_assert_max_num_queries: Callable
) -> None:
    version = bring().version
    many = [Delivery.objects.create(person=each, version=bring().version, push="at_once") for each in (nadia, otto)]
    with django_assert_max_num_queries(22):
        plan([*many, Delivery.objects.create(person=otto, version=version, push="at_once"), bring()])
