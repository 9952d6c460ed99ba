"""Inputs that every room's forms ask for alike: the browser's own calendar and clock, and the editor of queries."""

from django import forms

LOCAL = "%Y-%m-%dT%H:%M"  # a moment, as browsers write it


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own clock."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class MomentInput(forms.DateTimeInput):
    """The browser's own calendar and clock, for a moment on the person's clock."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=LOCAL)


class QueryInput(forms.Textarea):
    """A query in the language of search, coloured and completed while one types."""

    def __init__(self, rows: int = 2) -> None:
        super().__init__(attrs={"rows": rows, "data-editor": "query"})
