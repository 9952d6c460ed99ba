"""An import that goes on in the background, as the API tells it."""

from datetime import datetime

from ninja import Schema


class ImportOut(Schema):
    """How far it is: `done` of `total` steps; when it has ended, with `counts` or a `message`."""

    id: int
    kind: str
    name: str
    state: str
    done: int
    total: int | None
    rate: float
    seconds_left: float | None
    counts: dict[str, int]
    message: str
    asked_at: datetime
    ended_at: datetime | None
