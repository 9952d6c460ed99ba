from django.apps import AppConfig
from django.db.models import BigAutoField, ForeignKey

from headwater.core.lookups import Among


class CoreConfig(AppConfig):
    name = "headwater.core"
    label = "core"

    def ready(self) -> None:
        for kind in (BigAutoField, ForeignKey):
            kind.register_lookup(Among)
