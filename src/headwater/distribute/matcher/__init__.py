"""The matching engine: which standing profiles does a new version concern, and why.

Plain Python, numpy and numba, without Django. `engine.Matcher` is the door; import it in worker processes only, since
numba costs start-up time and memory that a web process has no use for. One document's way through:

1. `reading`  cuts the version into tokens, once (the same analyzer as search).
2. `leaves`   turns tokens, facets, path and date into the set of *features* present: each distinct leaf of any
              profile's query is one feature, shared by all the profiles that use it.
3. `kernels`  walks the profiles posted under the features present and checks what else each asks for.

A profile is posted under its *anchors* (`plan`): features of which at least one is present whenever it matches. An AND
needs only its rarest part's, an OR each part's, a lone NOT the feature that every version has.
"""
