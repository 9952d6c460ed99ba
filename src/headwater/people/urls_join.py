"""Addresses by which an invited person comes in, outside any organisation."""

from django.urls import URLPattern

app_name = "join"
urlpatterns: list[URLPattern] = []
