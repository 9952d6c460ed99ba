"""How long texts are, asked of the database without reading them: one may be as long as a shelf of books."""

from django.db.models import BigIntegerField, F, Func
from django.db.models.functions import Cast, Coalesce, Left, Length, NullIf

_MEASURED = 2_000  # letters


class Octets(Func):
    """The size of a text in bytes, which the database knows without unpacking it."""

    function = "OCTET_LENGTH"
    output_field = BigIntegerField()


def letters_of(name: str) -> Coalesce:
    """How many letters the text in a column has: exact up to two pages, of more by how many bytes a letter has there.

    To count the letters of a text the database would have to unpack all of it, for every line of an inbox.
    """
    begun = Left(F(name), _MEASURED)
    letters = Cast(Length(begun), BigIntegerField())
    return Coalesce(letters * Octets(F(name)) / NullIf(Octets(begun), 0), 0, output_field=BigIntegerField())
