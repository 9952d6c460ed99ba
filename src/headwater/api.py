"""The API: `/o/<organisation>/api/v1/…`, described by OpenAPI at `/o/<organisation>/api/v1/openapi.json`.

Each room brings a router (`<room>/api.py`, named `router`); an operation is named like its action.
"""

from django.urls import path
from ninja import NinjaAPI

api = NinjaAPI(title="Headwater", version="1", urls_namespace="api")

app_name = "doors"
urlpatterns = [path("v1/", api.urls)]
