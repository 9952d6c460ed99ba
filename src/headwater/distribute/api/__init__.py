"""The distribute room's part of the API. Each operation is named like the action it calls."""

from ninja import Router

from headwater.distribute.api import (
    dividing,
    foreseeing,
    inbox,
    learning,
    load,
    looking,
    proving,
    reaching,
    standing,
    trying,
)

router = Router(tags=["distribute"])
for part in (inbox, standing, looking, foreseeing, trying, proving, load, learning, reaching, dividing):
    router.add_router("", part.router)
