"""Addresses of the search room."""

from django.urls import path

from headwater.search import views

app_name = "search"
urlpatterns = [
    path("", views.show_results, name="results"),
    path("gaps/", views.list_gaps, name="gaps"),
    path("gaps/entries/", views.offer_entries, name="offered"),
    path("gaps/<int:pk>/", views.settle_gap, name="gap"),
    path("gaps/<int:pk>/wait/", views.wait_for_answer, name="gap-wait"),
]
