from django.apps import AppConfig
from django.db.models import ForeignKey

from headwater.core.lookups import Among


class CoreConfig(AppConfig):
    name = "headwater.core"
    label = "core"

    def ready(self) -> None:
        ForeignKey.register_lookup(Among)
