"""How the API pages its lists: `limit` up to 200, `offset` up to a million."""

from ninja import Field, Schema
from ninja.pagination import LimitOffsetPagination


class Paging(LimitOffsetPagination):
    """Limit and offset within bounds that a database can count to."""

    class Input(Schema):
        limit: int = Field(50, ge=1, le=200)
        offset: int = Field(0, ge=0, le=1_000_000)
