"""search_quality: SciFact's 300 validation claims put to the product's own search, as a person would type them.

The measure is nDCG@10 over what the page lists: entries with all that was asked for, then those with some of the
words. Judged by the claims' cited documents. Weights were chosen on the training claims, which are reported apart.
"""

import csv
import math
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, at_least, needed, plain
from headwater.search.language.parser import parse_partial
from headwater.search.language.searchable import Searchable
from headwater.search.lexical.index import LexicalIndex
from headwater.search.lexical.schema import Indexed
from headwater.search.lexical.searching import Asker, Search

EVERYBODY = ("a1",)
ASKER = Asker(EVERYBODY, 3, ("en",))
DEPTH = 10


def run() -> Iterator[Figure]:
    """nDCG@10 on the validation claims, then on the training claims."""
    with tempfile.TemporaryDirectory(prefix="headwater-scifact-") as folder:
        index = _indexed(Path(folder))
        yield at_least("search_quality", _mean_gain(index, _claims("claims_validation.csv")), "nDCG@10", 0.68)
        yield plain("search_quality_training", _mean_gain(index, _claims("claims_train.csv")), "nDCG@10")


def _rows(name: str) -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with needed("scifact", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _claims(name: str) -> dict[str, set[int]]:
    """Claim → numbers of the documents it cites; a claim stands in several rows."""
    return {row["claim"]: {int(number) for number in row["cited_doc_ids"].strip("[]").split()} for row in _rows(name)}


def _indexed(folder: Path) -> LexicalIndex:
    index = LexicalIndex(folder)
    now = datetime.now(UTC)
    with index.writing() as writer:
        for row in _rows("corpus_train.csv"):
            number = int(row["doc_id"])
            version = Searchable(
                number, number, row["title"], row["abstract"], "en", "gathered", "scifact", (), (), "", now
            )
            writer.replace([Indexed(version, EVERYBODY, 0)])
    return index


def _mean_gain(index: LexicalIndex, claims: dict[str, set[int]]) -> float:
    gains = [_gain(_listed(index, claim), cited) for claim, cited in claims.items()]
    return sum(gains) / len(gains)


def _listed(index: LexicalIndex, text: str) -> list[int]:
    """The entries in the order of the page."""
    search = Search(index, parse_partial(text)[0], ASKER)
    hits = search.found(limit=DEPTH).hits
    if len(hits) < DEPTH:
        hits += search.wider(limit=2 * DEPTH)
    return list(dict.fromkeys(hit.entry_id for hit in hits))[:DEPTH]


def _gain(listed: list[int], cited: set[int]) -> float:
    found = sum(1 / math.log2(rank + 2) for rank, number in enumerate(listed) if number in cited)
    return found / sum(1 / math.log2(rank + 2) for rank in range(min(DEPTH, len(cited))))
