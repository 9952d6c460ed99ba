"""Addresses of the home room: pages that draw on every room."""

from django.urls import path

from headwater.home import reading, views

app_name = "home"
urlpatterns = [
    path("", views.show_today, name="today"),
    path("cockpit/", views.show_cockpit, name="cockpit"),
    path("cockpit/<slug:figure>/", views.show_counted, name="counted"),
    path("entries/<int:pk>/", reading.show_entry, name="entry"),
    path("entries/<int:pk>/text/", reading.send_text, name="entry-text"),
    path("palette/", views.suggest, name="palette"),
    path("help/<slug:page>/", views.help_page, name="help"),
    path("theme/", views.choose_theme, name="theme"),
    path("design/", views.show_design, name="design"),
]
