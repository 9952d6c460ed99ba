"""Every address of the product: `/o/<organisation>/…` behind the wall, and the few outside it."""

from django.urls import URLPattern, URLResolver, include, path

from headwater.home.entrance import enter

organisation = [
    path("", include("headwater.home.urls")),
    path("people/", include("headwater.people.urls")),
    path("topics/", include("headwater.taxonomy.urls")),
    path("search/", include("headwater.search.urls")),
    path("gather/", include("headwater.gather.urls")),
    path("library/", include("headwater.library.urls")),
    path("distribute/", include("headwater.distribute.urls")),
    path("public/", include("headwater.distribute.urls_public")),
    path("api/", include("headwater.api")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", enter, name="enter"),
    path("accounts/", include("headwater.people.urls_accounts")),
    path("join/", include("headwater.people.urls_join")),
    path("o/<slug:organisation>/", include(organisation)),
]
