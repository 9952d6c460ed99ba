"""Which language a text is in. The model is loaded at the first question, and only in the reading worker."""

import re
from functools import cache
from typing import Any

_LETTERS = re.compile(r"[^\W\d_]")
_SAMPLE = 1_000
# Shorter texts than this are guessed wrongly more often than they are helped.
_ENOUGH_LETTERS = 24
_ENOUGH_IDEOGRAPHS = 6
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

# By script and region. Without the rest, code, names and figures are not taken for languages few here write.
_GROUPS = (
    "en fr es pt it ca gl ro de nl af da sv no nn is fi et lv lt pl cs sk sl hr bs sr mk bg uk be ru hu el",
    "sq mt ga cy eu eo",
    "ar fa he ur ps tr az uz kk ky tg hy ka mn",
    "zh ja ko vi th lo km my id ms tl",
    "hi bn pa gu mr ne or ta te kn ml si",
    "sw am so ha yo zu xh rw mg",
    "zxx",
)
_KNOWN = [code for group in _GROUPS for code in group.split()]


def language_of(text: str, declared: str = "") -> str:
    """Two-letter code of the text's language; what the file declares when the text is too short to tell."""
    sample = text[: _SAMPLE * 2]
    letters = len(_LETTERS.findall(sample[:_SAMPLE]))
    enough = letters >= _ENOUGH_LETTERS or len(_IDEOGRAPHS.findall(sample[:_SAMPLE])) >= _ENOUGH_IDEOGRAPHS
    if not enough:
        return _short_code(declared)
    code = str(_identifier().classify(sample[:_SAMPLE])[0])
    return _short_code(declared) if code == "zxx" else code


@cache
def _identifier() -> Any:
    """The model, a second and 75 MB to load: only a worker that reads something pays."""
    import py3langid

    py3langid.set_languages(_KNOWN)
    return py3langid


def _short_code(declared: str) -> str:
    code = re.split(r"[-_]", declared.strip().lower())[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else ""
