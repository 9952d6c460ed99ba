"""Addresses that carry their own secret: no sign-in, and nothing but what the secret stands for."""

from django.urls import path

from headwater.distribute import views_public

app_name = "public"
urlpatterns = [
    path("feed/<str:secret>/", views_public.show_feed, name="feed"),
    path("unsubscribe/<str:token>/", views_public.unsubscribe, name="unsubscribe"),
]
