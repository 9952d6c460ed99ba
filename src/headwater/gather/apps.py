from django.apps import AppConfig


class GatherConfig(AppConfig):
    name = "headwater.gather"
    label = "gather"

    def ready(self) -> None:
        """Offers search, a floor below, the names of sources."""
        from headwater.gather.naming import named_sources
        from headwater.search.naming import OFFERED

        OFFERED["source"] = named_sources
