"""Addresses of the home room: pages that draw on every room."""

from django.urls import path

from headwater.home import views

app_name = "home"
urlpatterns = [
    path("", views.show_today, name="today"),
    path("palette/", views.suggest, name="palette"),
    path("help/<slug:page>/", views.help_page, name="help"),
    path("theme/", views.choose_theme, name="theme"),
    path("design/", views.show_design, name="design"),
]
