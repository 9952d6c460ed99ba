from django.apps import AppConfig


class DistributeConfig(AppConfig):
    name = "headwater.distribute"
    label = "distribute"
