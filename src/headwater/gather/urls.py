"""Addresses of the gather room."""

from django.urls import path

from headwater.gather.views import documents, needs, sources

app_name = "gather"
urlpatterns = [
    path("", sources.list_sources, name="sources"),
    path("sources/new/", sources.choose_kind, name="source-new"),
    path("sources/new/<str:kind>/", sources.create, name="source-new-kind"),
    path("sources/<int:pk>/", sources.show_source, name="source"),
    path("sources/<int:pk>/settings/", sources.change, name="source-settings"),
    path("sources/<int:pk>/run/", sources.start, name="source-run"),
    path("sources/<int:pk>/pause/", sources.pause, name="source-pause"),
    path("sources/<int:pk>/resumption/", sources.resume, name="source-resumption"),
    path("sources/<int:pk>/closing/", sources.close, name="source-closing"),
    path("sources/<int:pk>/reopening/", sources.reopen, name="source-reopening"),
    path("sources/<int:pk>/retry/", sources.retry, name="source-retry"),
    path("sources/<int:pk>/dismissal/", sources.dismiss, name="source-dismissal"),
    path("sources/<int:pk>/runs/", sources.list_runs, name="source-runs"),
    path("runs/<int:pk>/stop/", sources.stop, name="run-stop"),
    path("sources/<int:pk>/documents/", documents.list_documents, name="documents"),
    path("sources/<int:pk>/upload/", documents.upload, name="upload"),
    path("sources/<int:pk>/capture/", documents.capture, name="capture-into"),
    path("capture/", documents.choose_capture, name="capture"),
    path("documents/<int:pk>/", documents.show_document, name="document"),
    path("documents/<int:pk>/raw/<str:blob>/", documents.send_raw, name="raw"),
    path("needs/", needs.list_needs, name="needs"),
    path("needs/new/", needs.create, name="need-new"),
    path("needs/<int:pk>/", needs.show_need, name="need"),
    path("needs/<int:pk>/settings/", needs.change, name="need-settings"),
    path("needs/<int:pk>/closing/", needs.close, name="need-closing"),
    path("needs/<int:pk>/reopening/", needs.reopen, name="need-reopening"),
    path("needs/<int:pk>/sources/", needs.link, name="need-sources"),
    path("proposals/<int:pk>/decision/", needs.decide, name="proposal-decision"),
]
