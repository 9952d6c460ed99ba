from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "headwater.library"
    label = "library"
