"""Addresses of the distribute room."""

from django.urls import path

from headwater.distribute.views import addressing, directives, inbox, load, profiles, proof, reaching, timing

app_name = "distribute"
urlpatterns = [
    path("inbox/", inbox.show_inbox, name="inbox"),
    path("inbox/reading/", inbox.mark_read, name="mark-read"),
    path("inbox/unread/", inbox.mark_unread, name="mark-unread"),
    path("deliveries/<int:pk>/acknowledgement/", inbox.acknowledge, name="acknowledgement"),
    path("deliveries/<int:pk>/rating/", inbox.rate, name="rating"),
    path("profiles/", profiles.list_profiles, name="profiles"),
    path("profiles/new/", profiles.edit_profile, name="profile-new"),
    path("profiles/preview/", profiles.preview, name="profile-preview"),
    path("profiles/<int:pk>/", profiles.edit_profile, name="profile"),
    path("profiles/<int:pk>/removal/", profiles.remove, name="profile-removal"),
    path("directives/", directives.list_directives, name="directives"),
    path("directives/new/", directives.edit_directive, name="directive-new"),
    path("directives/reach/", timing.show_reach, name="directive-reach"),
    path("directives/deadline/", timing.choose_deadline, name="directive-deadline"),
    path("directives/ladder/", timing.edit_ladder, name="ladder"),
    path("directives/people/", addressing.choose_people, name="directive-people"),
    path("directives/<int:pk>/", directives.edit_directive, name="directive"),
    path("directives/<int:pk>/issue/", directives.issue, name="directive-issue"),
    path("directives/<int:pk>/preview/", directives.preview, name="directive-preview"),
    path("directives/<int:pk>/recall/", directives.recall, name="directive-recall"),
    path("directives/<int:pk>/proof/", proof.show_directive, name="proof"),
    path("directives/<int:pk>/proof.csv", proof.export_directive, name="proof-csv"),
    path("directives/<int:pk>/proof/people/", proof.list_people, name="proof-people"),
    path("directives/<int:pk>/lists/", proof.record_list, name="proof-list"),
    path("proof/", proof.show_overview, name="prove"),
    path("proof/overdue/", proof.list_overdue, name="overdue"),
    path("proof/unreached/", proof.list_unreached, name="unreached"),
    path("proof/load/", load.show_load, name="load"),
    path("proof/audit/", proof.show_audit, name="audit"),
    path("versions/<int:pk>/chain/", proof.show_version, name="chain"),
    path("versions/<int:pk>/chain.csv", proof.export_version, name="chain-csv"),
    path("reaching/", reaching.show_reaching, name="reaching"),
    path("reaching/channels/", reaching.add, name="channel-new"),
    path("reaching/channels/<int:pk>/", reaching.change, name="channel"),
    path("reaching/feed/", reaching.renew_feed, name="feed"),
    path("outbox/", reaching.show_outbox, name="outbox"),
    path("outbox/<str:mail>/", reaching.show_mail, name="outbox-mail"),
]
