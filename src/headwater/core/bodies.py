"""What is sent to the API: a field that it does not know is refused, so that nothing is done but what was meant."""

from ninja import Schema
from pydantic import ConfigDict


class Body(Schema):
    """The values in the body of a request, in every room. What else is sent is refused (422) by its name."""

    model_config = ConfigDict(extra="forbid")
