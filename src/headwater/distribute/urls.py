"""Addresses of the distribute room."""

from django.urls import URLPattern

app_name = "distribute"
urlpatterns: list[URLPattern] = []
