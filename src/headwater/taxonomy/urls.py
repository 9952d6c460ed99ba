"""Addresses of topics."""

from django.urls import path

from headwater.taxonomy import views

app_name = "taxonomy"
urlpatterns = [
    path("", views.list_schemes, name="topics"),
    path("import/", views.import_scheme_file, name="import"),
    path("import/<int:pk>/", views.show_import, name="import-progress"),
    path("offered/", views.offer, name="offered"),
    path("suggestions/", views.suggest, name="suggestions"),
    path("proposals/", views.propose, name="propose"),
    path("schemes/<slug:slug>/", views.show_scheme, name="scheme"),
    path("schemes/<slug:slug>/export/", views.export_scheme, name="export"),
    path("<int:pk>/", views.show_concept, name="concept"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/narrower/", views.narrower, name="narrower"),
    path("<int:pk>/acceptance/", views.accept, name="acceptance"),
    path("<int:pk>/retirement/", views.retire, name="retirement"),
    path("<int:pk>/restoration/", views.restore, name="restoration"),
    path("<int:pk>/merging/", views.merge, name="merging"),
]
