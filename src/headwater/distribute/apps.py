from django.apps import AppConfig


class DistributeConfig(AppConfig):
    name = "headwater.distribute"
    label = "distribute"

    def ready(self) -> None:
        """Offers the pages of sources, a floor below, what became of what was gathered."""
        from headwater.distribute import gathered
        from headwater.gather import onward

        for offers, offer in (
            (onward.STEPS_OF_RUN, gathered.matched_of_run),
            (onward.USES_OF_SOURCE, gathered.reached_by_source),
        ):
            if offer not in offers:
                offers.append(offer)
