"""Addresses of the library room. Nouns for verbs: what is posted to `…/publication/` publishes."""

from django.urls import path

from headwater.library.views import attachments, drafts, lists, pages, topics, trust

app_name = "library"
urlpatterns = [
    path("", lists.show_articles, name="articles"),
    path("due/", lists.show_due, name="due"),
    path("reviews/", lists.show_reviews, name="reviews"),
    path("reports/", lists.show_reports, name="reports"),
    path("trash/", lists.show_trash, name="trash"),
    path("settings/", lists.edit_settings, name="settings"),
    path("new/", drafts.begin, name="new"),
    path("versions/<int:pk>/capture/", drafts.capture, name="capture"),
    path("articles/<int:pk>/", pages.show_article, name="article"),
    path("articles/<int:pk>/edit/", drafts.edit, name="edit"),
    path("articles/<int:pk>/preview/", drafts.preview, name="preview"),
    path("articles/<int:pk>/draft/", drafts.keep_draft, name="draft"),
    path("articles/<int:pk>/draft/discard/", drafts.throw_draft, name="draft-discard"),
    path("articles/<int:pk>/details/", pages.edit_details, name="details"),
    path("articles/<int:pk>/sharing/", pages.share, name="sharing"),
    path("articles/<int:pk>/contributors/", pages.contribute, name="contributors"),
    path("articles/<int:pk>/contributors/<int:person>/removal/", pages.end_contribution, name="contributor-removal"),
    path("articles/<int:pk>/submission/", pages.submit, name="submission"),
    path("articles/<int:pk>/publication/", pages.publish, name="publication"),
    path("articles/<int:pk>/archive/", pages.put_away, {"verb": "archive"}, name="archive"),
    path("articles/<int:pk>/reopening/", pages.put_away, {"verb": "reopen"}, name="reopening"),
    path("articles/<int:pk>/trash/", pages.put_away, {"verb": "trash"}, name="trashing"),
    path("articles/<int:pk>/restoration/", pages.put_away, {"verb": "restore"}, name="restoration"),
    path("articles/<int:pk>/revisions/", drafts.show_revisions, name="revisions"),
    path("articles/<int:pk>/revisions/<int:old>/<int:new>/", drafts.show_difference, name="difference"),
    path("asides/<int:pk>/", drafts.merge_texts, name="aside"),
    path("asides/<int:pk>/discard/", drafts.throw_aside, name="aside-discard"),
    path("reviews/<int:pk>/", trust.show_review, name="review"),
    path("verifications/<int:pk>/", trust.check_article, name="verification"),
    path("entries/<int:pk>/feedback/", trust.flag, name="feedback"),
    path("entries/<int:pk>/topics/", topics.propose, name="topics"),
    path("reports/<int:pk>/", trust.show_report, name="report"),
    path("reports/<int:pk>/dispute/", trust.dispute, name="dispute"),
    path("topics/<int:pk>/acceptance/", trust.settle_topic, {"accept": True}, name="topic-acceptance"),
    path("topics/<int:pk>/refusal/", trust.settle_topic, {"accept": False}, name="topic-refusal"),
    path("articles/<int:pk>/attachments/", attachments.attach, name="attach"),
    path("attachments/<int:pk>/", attachments.hand_out, name="attachment"),
    path("attachments/<int:pk>/removal/", attachments.remove, name="attachment-removal"),
]
