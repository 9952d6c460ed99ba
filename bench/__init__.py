"""Measurements: one file for each, one line of JSON for each figure, with the bar that it has to hold.

    python -m bench              all of them, each in a process of its own
    python -m bench search_api   one

A file bench/<name>.py has `run() -> Iterator[Figure]`. What it needs it makes itself; what it made it takes away. Real
data lie in the folder named by HEADWATER_DATA. Without them the bench makes stories and queries that are alike; what it
cannot make is not measured.
"""
