"""Telling how many people there are of whom something private holds, without telling it of any one of them.

Who asks may choose whom to ask about, so a threshold is not enough: everybody, and everybody but one, are both many,
and the difference is that one. So a count is moved by chance and told in steps of `STEP`; none stays none. The chance
is drawn from the people that are counted (the cell key of Fraser and Wooton 2005, "A proposed method for
confidentialising tabular output to protect against differencing", UNECE work session on statistical data
confidentiality): the same people are always told as the same number, so asking again brings nothing, and those with
one more or one less are drawn for anew, so that no difference of two numbers says whether it is that one, or chance.
"""

from functools import cache
from hashlib import blake2b, sha256
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, F, Func, Sum, Value
from django.db.models.functions import Mod

STEP = 8
_KEYS = 2**40  # each person's is below; their sum stands for who they are


def people_key() -> Sum:
    """Aggregate of people: their number that the chance is drawn from. Of several groups of people they add up."""
    hashed: Any = Func(F("pk"), Value(_seed()), function="hashint8extended", output_field=BigIntegerField())
    return Sum(Mod(hashed, Value(_KEYS)), output_field=BigIntegerField())


@cache
def _seed() -> int:
    """Drawn from the installation's own key: nobody works the numbers out."""
    key = sha256(settings.SECRET_KEY.encode()).digest()
    return int.from_bytes(blake2b(b"numbers of people", key=key, digest_size=7).digest())


def in_steps(count: int, key: int, most: int) -> int:
    """What is told of a count of people whose sum of keys this is: a multiple of STEP that is no more than `most`.

    0 says "fewer than STEP or so, if any". Less than a step and a half from the truth, and right in the mean, but for
    what `most` and 0 cut off.
    """
    drawn = int.from_bytes(blake2b(b"%d" % key, digest_size=8).digest()) % (2 * STEP) - STEP // 2
    return max(0, min(count + drawn, most) // STEP * STEP) if count else 0
