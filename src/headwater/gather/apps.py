from django.apps import AppConfig


class GatherConfig(AppConfig):
    name = "headwater.gather"
    label = "gather"

    def ready(self) -> None:
        """Offers search, a floor below, the names of sources."""
        from headwater.gather.naming import named_sources, names_of_sources
        from headwater.search.naming import OFFERED, SOURCES_CALLED

        OFFERED["source"] = named_sources
        if names_of_sources not in SOURCES_CALLED:
            SOURCES_CALLED.append(names_of_sources)
