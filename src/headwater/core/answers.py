"""What the API answers with."""

from django.http import HttpResponse
from pydantic import BaseModel


def written(answer: BaseModel) -> HttpResponse:
    """A long answer as JSON, checked and written in one go; else each value would be handled three times."""
    return HttpResponse(answer.model_dump_json(), content_type="application/json; charset=utf-8")
