"""What the design page shows: invented figures that use every part once."""

from typing import Any

from django import forms
from django.core.paginator import Paginator

from headwater.core.display.heat import Cell
from headwater.core.display.sankey import Flow, Node


class SampleForm(forms.Form):
    """One field of each sort."""

    name = forms.CharField(help_text="This is the first line of the mail.", max_length=140)
    kind = forms.ChoiceField(choices=[("a", "Procedure"), ("b", "Policy")])
    when = forms.ChoiceField(
        choices=[("a", "As it happens"), ("b", "In my digest")], widget=forms.RadioSelect, required=False
    )
    urgent = forms.BooleanField(required=False, help_text="Sent at once, whatever the hour.")


def sample() -> dict[str, Any]:
    """Everything the page's charts and forms need."""
    topics = ["Safety", "Drainage", "Pavement", "Bridges", "Procurement"]
    shares = [
        ("Water and Drainage", [88, 93, None, 71, 64]),
        ("Roads", [81, 74, 90, None, 58]),
        ("Surveys", [52, 63, 66, 70, None]),
    ]
    return {
        "bars": [(f"{n} Nov", (n * 7) % 11) for n in range(1, 25)],
        "lines": [("median", [6, 6, 5, 5, 4, 4, 3, 2]), ("95th", [41, 38, 42, 36, 34, 35, 31, 20])],
        "labels": ["Sep", "", "", "Oct", "", "", "Nov", ""],
        "dots": [(f"week {n}", n % 4) for n in range(13)],
        "meter": [("s4", 6), ("s2", 5), ("bad", 1)],
        "topics": topics,
        "units": [(name, [Cell(share, "#cell" if share else "") for share in row]) for name, row in shares],
        "nodes": [
            Node("matched", "Matched", 0, "s6"),
            Node("inbox", "Inbox", 1),
            Node("mail", "Mail", 1),
            Node("none", "No channel", 1, "bad"),
            Node("opened", "Opened", 2),
            Node("shut", "Not opened", 2, "bad"),
            Node("in_time", "In time", 3, "s6"),
            Node("late", "Late", 3, "warn"),
        ],
        "flows": [
            Flow("matched", "inbox", 96),
            Flow("matched", "mail", 113),
            Flow("matched", "none", 5),
            Flow("inbox", "opened", 95),
            Flow("mail", "opened", 106),
            Flow("inbox", "shut", 1),
            Flow("mail", "shut", 7),
            Flow("opened", "in_time", 184),
            Flow("opened", "late", 6),
        ],
        "form": SampleForm({"name": "", "kind": "a"}),
        "page": Paginator(range(1000), 50).get_page(3),
    }
