"""Addresses by which an invited person comes in, outside any organisation."""

from django.urls import path

from headwater.people import views_join

app_name = "join"
urlpatterns = [
    path("demonstration/", views_join.demonstration, name="demonstration"),
    path("<str:token>/", views_join.accept, name="accept"),
]
