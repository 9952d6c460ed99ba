from django.apps import AppConfig


class GatherConfig(AppConfig):
    name = "headwater.gather"
    label = "gather"
