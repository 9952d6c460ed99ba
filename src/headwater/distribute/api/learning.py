"""The API of what is learned of the person who asks: switched on and off, examples, words."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from headwater.core.bodies import Body
from headwater.core.references import Id, required
from headwater.distribute import actions, learned
from headwater.distribute.models import LearnedExample, LearnedInterest
from headwater.people.request import Request
from headwater.search.models import Entry

router = Router(tags=["distribute"])


class WordOut(Schema):
    """A word, or its stem where no text has shown how it is written; `own` where the person chose its strength."""

    term: str
    word: str
    in_title: bool
    strength: str
    own: bool


class LearnedOut(Schema):
    """All that is learned of the asker. `due`: it will be learned anew in a moment."""

    learning: bool
    consented_at: datetime | None
    learned_at: datetime | None
    due: bool
    examples_used: int
    began_with: str
    words: list[WordOut]


class WordIn(Body):
    word: str
    strength: str
    confirmed: bool = False


class ExampleIn(Body):
    entry: Id
    wanted: bool = True


def _said(interest: LearnedInterest | None) -> dict[str, Any]:
    if interest is None:
        interest = LearnedInterest()
    words = [*learned.words_of(interest), *learned.never_of(interest)]
    return {
        "learning": interest.follows_use,
        "consented_at": interest.consented_at,
        "learned_at": interest.learned_at,
        "due": interest.due_at is not None,
        "examples_used": interest.examples_used,
        "began_with": interest.began_with,
        "words": [
            {
                "term": each.term,
                "word": each.word,
                "in_title": each.in_title,
                "strength": each.strength,
                "own": each.is_own,
            }
            for each in words
        ],
    }


@router.get("/learning", response=LearnedOut, operation_id="show_learning")
def show_learning(request: Request) -> dict[str, Any]:
    """What was learned of the asker, in words."""
    return _said(LearnedInterest.objects.filter(person=request.person).first())


@router.post("/learning", response=LearnedOut, operation_id="start_learning")
def start_learning(request: Request) -> dict[str, Any]:
    """Let Headwater learn from what the asker finds useful."""
    return _said(actions.start_learning(request.person, request.person))


@router.delete("/learning", response={204: None}, operation_id="stop_learning")
def stop_learning(request: Request, keep: bool = False) -> tuple[int, None]:
    """Learn no more; what was learned is erased, or kept as it is."""
    actions.stop_learning(request.person, request.person, keep=keep)
    return 204, None


@router.post("/learning/words", response=LearnedOut, operation_id="weigh_word")
def weigh_word(request: Request, body: WordIn) -> dict[str, Any]:
    """Say how strongly a word counts."""
    return _said(actions.weigh_word(request.person, request.person, body.word, body.strength, body.confirmed))


@router.post("/learning/examples", response=LearnedOut, operation_id="add_example")
def add_example(request: Request, body: ExampleIn) -> dict[str, Any]:
    """Name something as an example of what is wanted, or not."""
    entry = required(Entry.objects.current().readable_by(request.person), body.entry, "entry")
    return _said(actions.add_example(request.person, request.person, entry, wanted=body.wanted))


@router.delete("/learning/examples/{int:pk}", response=LearnedOut, operation_id="remove_example")
def remove_example(request: Request, pk: int) -> dict[str, Any]:
    """Take an example away, by the number of its entry."""
    example = get_object_or_404(LearnedExample, interest__person=request.person, entry=pk)
    return _said(actions.remove_example(request.person, request.person, example.entry))
