"""The one router that every part of the library's API adds its operations to."""

from ninja import Router

router = Router(tags=["library"])
