"""The one router that every part of the people room's API adds its operations to."""

from ninja import Router

router = Router(tags=["people"])
