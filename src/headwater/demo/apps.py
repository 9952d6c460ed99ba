from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "headwater.demo"
    label = "demo"
