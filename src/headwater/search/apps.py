from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "headwater.search"
    label = "search"
