"""The API of how matching is shared out among workers, and of what could not be matched."""

from django.utils.translation import gettext as _
from ninja import Router, Schema

from headwater.core.actions import require
from headwater.core.bodies import Body
from headwater.distribute import actions
from headwater.distribute.shards import Lag, lags
from headwater.people.request import Request
from headwater.people.rules import may_administer

router = Router(tags=["distribute"])


class DivisionIn(Body):
    shards: int


class ShardOut(Schema):
    number: int
    of: int
    is_held: bool
    behind: int


class DivisionOut(Schema):
    shards: list[ShardOut]


@router.get("/matching", response=DivisionOut, operation_id="show_matching")
def show_matching(request: Request) -> dict[str, list[Lag]]:
    """The shards of the standing queries: whether a worker holds each, and how many versions wait for it."""
    require(may_administer(request.person), _("Only an administrator sees how matching is divided."))
    return {"shards": lags()}


@router.put("/matching", response=DivisionOut, operation_id="divide_matching")
def divide_matching(request: Request, body: DivisionIn) -> dict[str, list[Lag]]:
    """Match the standing queries in so many shards."""
    actions.divide_matching(request.person, body.shards)
    return {"shards": lags()}


class RetriedOut(Schema):
    versions: int


@router.post("/matching/retries", response=RetriedOut, operation_id="retry_versions")
def retry_versions(request: Request) -> dict[str, int]:
    """Try again to match the versions that were set aside."""
    return {"versions": actions.retry_versions(request.person)}
