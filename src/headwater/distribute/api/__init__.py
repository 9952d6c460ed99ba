"""The distribute room's part of the API. Each operation is named like the action it calls."""

from ninja import Router

from headwater.distribute.api import inbox, reaching, standing

router = Router(tags=["distribute"])
for part in (inbox, standing, reaching):
    router.add_router("", part.router)
