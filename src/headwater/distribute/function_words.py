"""Function words: articles, pronouns, prepositions, auxiliaries and their like, which tell nothing of a subject.

They count in what is learned, as all words do, for how somebody is written to may matter too; but nobody is told one
as a reason, or offered one. They are closed classes, so that a list can hold them: English has one here, with the few
verbs that stand everywhere; other languages have those of the Snowball project, as tantivy brings them (its own English
one ends at 33 words). What means a thing too (mine, well) is in none.
"""

from functools import lru_cache

import tantivy

from headwater.search.language.folding import STEMMERS, base_language

_WORDS = """
    a an the this that these those such same other another each every either neither both all any some no none
    i me my myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
    herself it its itself they them their theirs themselves one ones oneself who whom whose which what whatever whoever
    someone somebody something anyone anybody anything everyone everybody everything nobody nothing
    be am is are was were been being have has had having do does did doing done can could may might must shall should
    will would ought need cannot let lets get gets got make makes made go goes went take takes took come comes came
    look looks looked see seen say says said know want wants use uses used using keep keeps kept put give gives given
    about above across after again against along already also although always among and around as at away back because
    before behind below beneath beside besides between beyond but by despite down during else enough even ever except
    few fewer first for from further here how however if in inside instead into just last least less like many more
    most much never next nor not now of off often on once only onto or out outside over own per perhaps quite
    rather since so soon still than then there therefore though through throughout thus to together too toward towards
    under unless until up upon very via when whenever where wherever whether while why with within without yet
    s t d ll re ve m don doesn didn isn aren wasn weren won wouldn couldn shouldn hasn haven hadn
"""
_ENGLISH = frozenset(_WORDS.split())


@lru_cache(50_000)
def is_function_word(word: str, language: str) -> bool:
    """Whether a word, in whatever case, is one of these in that language; of languages without a list none is."""
    lowered, base = word.lower(), base_language(language)
    if base == "en":
        return lowered in _ENGLISH
    analyzer = _stopping(base)
    return analyzer is not None and bool(lowered) and not analyzer.analyze(lowered)


@lru_cache(64)
def _stopping(language: str) -> tantivy.TextAnalyzer | None:
    """What leaves the function words of a language out; None where tantivy has no list."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    try:
        return builder.filter(tantivy.Filter.stopword(STEMMERS[language])).build()
    except (KeyError, ValueError):
        return None
