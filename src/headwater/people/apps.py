from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "headwater.people"
    label = "people"
