from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "headwater.home"
    label = "home"
