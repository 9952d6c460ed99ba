"""Telling how many people there are of whom something private holds, without telling it of any one of them.

Who asks may choose whom to ask about, so a threshold is not enough: everybody, and everybody but one, are both many,
and the difference is that one. So a count is moved by chance and told in steps of `STEP`. The chance is drawn from
everybody who was looked at, whether it holds of them or not, and from what was asked of them. (The cell key of Fraser
and Wooton 2005, "A proposed method for confidentialising tabular output to protect against differencing", UNECE work
session on statistical data confidentiality, is of those who are counted: in a table that is enough. Here the asker
chooses the people, and a number that changes with one more of them would prove that this one is counted.)

Promised: the same people asked the same are told as the same number, so asking again brings nothing; with one more or
one less of them the chance is another, whether that one is counted or not, so that no two numbers prove whether they
are; and as nobody may be told as some, no number that is not 0 proves that there is anybody.

Not promised: that nothing is learned from very many numbers. Each is right in the mean, so the mean of hundreds, of as
many different sets of people, is nearly the count, and one person more shows. Who hands numbers out limits how many, or
hands out few kinds of them. And of the same people asked the same, a number that changes says that something changed
for one or more of them: so what is asked should hold the day, and the day should be the same for all who ask: the
organisation's (`day_zone`), for a reader's own clock is theirs to set.
"""

import zoneinfo
from functools import cache
from hashlib import blake2b, sha256
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, F, Func, Sum, Value
from django.db.models.functions import Mod

from headwater.core.models import Organisation
from headwater.core.wall import current_organisation_id

STEP = 8
_KEYS = 2**40  # each person's is below; their sum stands for who they are


def people_key() -> Sum:
    """Aggregate of people: the number that stands for who they are. Of several groups of people they add up."""
    seed = int.from_bytes(blake2b(b"numbers of people", key=_secret(), digest_size=7).digest())
    hashed: Any = Func(F("pk"), Value(seed), function="hashint8extended", output_field=BigIntegerField())
    return Sum(Mod(hashed, Value(_KEYS)), output_field=BigIntegerField())


@cache
def _secret() -> bytes:
    """From the installation's own key: nobody works the numbers out."""
    return sha256(settings.SECRET_KEY.encode()).digest()


def in_steps(count: int, most: int, looked_at: int, *asked: object) -> int:
    """What is told of a count: a multiple of STEP that is no more than `most`, which the asker may know.

    `looked_at` is the `people_key` of all who might have been counted; `asked` says what was asked of them.
    Less than a step and a half from the truth, and right in the mean, but for what `most` and 0 cut off: 0 says "fewer
    than STEP or so, if any", and STEP may be nobody.
    """
    drawn_from = repr((looked_at, *map(str, asked))).encode()
    drawn = int.from_bytes(blake2b(drawn_from, key=_secret(), digest_size=8).digest()) % (2 * STEP) - STEP // 2
    return max(0, min(count + drawn, most) // STEP * STEP)


def day_zone() -> zoneinfo.ZoneInfo:
    """On whose clock the days of numbers begin, whoever reads them: as in `people.days`, which says what day it is."""
    return zoneinfo.ZoneInfo(Organisation.objects.values_list("timezone", flat=True).get(pk=current_organisation_id()))
