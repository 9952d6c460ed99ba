from django.apps import AppConfig


class TaxonomyConfig(AppConfig):
    name = "headwater.taxonomy"
    label = "taxonomy"
