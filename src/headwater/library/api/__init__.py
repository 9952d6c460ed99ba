"""The API of the library: one operation for each verb, and the lists to find what to do it to."""

from headwater.library.api import around, articles, trust, writing
from headwater.library.api.routing import router

__all__ = ["around", "articles", "router", "trust", "writing"]
