"""The API of gather: one operation for each verb, and the lists to find what to do it to."""

from headwater.gather.api import documents, needs, sources
from headwater.gather.api.routing import router

__all__ = ["documents", "needs", "router", "sources"]
