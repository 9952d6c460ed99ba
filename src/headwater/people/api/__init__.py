"""The API of people: one operation for each verb, named like it, and lists to find what to do it to."""

from headwater.people.api import access, audiences, exchange, mine, persons, structure
from headwater.people.api.routing import router

__all__ = ["access", "audiences", "exchange", "mine", "persons", "router", "structure"]
