"""What can be wrong with a query, in words that say where and what to do.

The wing knows nothing of translation: an error carries its template and what belongs in it, and the room above
translates the template. `gettext_noop` only marks the words for the translators' tool.
"""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """The text itself, marked for translation."""
    return text


MESSAGES = {
    "missing_after": gettext_noop("A word is missing after {operator}, at position {place}."),
    "missing_before": gettext_noop("A word is missing before {operator}, at position {place}."),
    "unclosed_parenthesis": gettext_noop("The parenthesis opened at position {place} is not closed: add “)”."),
    "unopened_parenthesis": gettext_noop("The parenthesis closed at position {place} was never opened: remove it."),
    "empty_parentheses": gettext_noop("There is nothing between the parentheses at position {place}."),
    "unclosed_quotation": gettext_noop('The quotation opened at position {place} is not closed: add “"”.'),
    "empty_quotation": gettext_noop("The quotation at position {place} holds no word."),
    "no_term": gettext_noop(
        "There is no word to look for, from position {place} on: signs alone say nothing. "
        "Write a word, or * for everything."
    ),
    "star_in_phrase": gettext_noop(
        "A star does not stand in a quotation, at position {place}. "
        "Take the word out of it, or write \\* for the sign itself."
    ),
    "unknown_field": gettext_noop(
        "There is no field “{name}”, at position {place}. The fields are {fields}. "
        "To look for the words themselves, put them in quotation marks."
    ),
    "unknown_value": gettext_noop(
        "There is no “{name}:{value}”, at position {place}. Did you mean “{name}:{nearest}”?"
    ),
    "no_such_value": gettext_noop(
        "There is no “{name}:{value}”, at position {place}. "
        "Search without it, and choose among the values beside the results."
    ),
    "missing_value": gettext_noop("A value is missing after “{name}:”, at position {place}."),
    "unclear_date": gettext_noop(
        "“{value}” is not a date, at position {place}. "
        "Write 2026-03, 2026-01-15, 2026-01..2026-03, >2026-01-15, or 30d for the last 30 days."
    ),
    "backward_dates": gettext_noop("The dates at position {place} end before they begin."),
    "star_inside": gettext_noop("A star stands only at the end of a word, at position {place}."),
    "short_prefix": gettext_noop("At least {least} letters go before the star, at position {place}."),
    "prefix_words": gettext_noop("What goes before a star is one word, at position {place}."),
    "near_parts": gettext_noop("NEAR joins words and phrases only, at position {place}."),
    "near_many": gettext_noop("NEAR joins at most {most} parts; the first one too many is at position {place}."),
    "near_fields": gettext_noop("NEAR cannot join a word of the title with one of the text, at position {place}."),
    "near_distances": gettext_noop("One distance goes through a chain of NEAR; another begins at position {place}."),
    "near_distance": gettext_noop("NEAR takes a distance from 0 to {most} words, at position {place}."),
    "near_work": gettext_noop(
        "NEAR at position {place} would have to be looked for in too many texts. Take a rarer word into it, "
        "or words as they are in place of beginnings."
    ),
    "boost": gettext_noop("After ^ goes a number from {least} to {most}, at position {place}."),
    "path_stars": gettext_noop("A path takes at most {most} times “**”, at position {place}."),
    "field_inside_field": gettext_noop("Inside “title:( )” go words and phrases only, at position {place}."),
    "too_long": gettext_noop(
        "The query has {found} characters; {most} are the most that can be read: "
        "the first one too many is at position {place}."
    ),
    "too_deep": gettext_noop("The parentheses are nested more than {most} deep, at position {place}."),
    "too_many": gettext_noop("The query has more than {most} terms; the first one too many is at position {place}."),
}


class QueryError(ValueError):
    """A query that cannot be read.

    `code` is a key of MESSAGES, `position` the 0-based offset in the text where the trouble begins (people are told
    it counted from 1), `template` and `details` the message for translation; `str()` is the English message. `cut` is
    where the readable beginning ends: before `position` where what is missing belongs to something before it.
    """

    def __init__(self, code: str, position: int, *, cut: int | None = None, **details: object) -> None:
        self.code = code
        self.position = position
        self.cut = position if cut is None else cut
        self.template = MESSAGES[code]
        self.details: dict[str, object] = {"place": position + 1, **details}
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """What is wrong, where, and what to do, in English."""
        return self.template.format(**self.details)
