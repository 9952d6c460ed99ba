"""Names and passwords that once were entered within addresses of feeds and web sites: out of what pages show, sealed.

Such a source was refused since addresses may hold none. Documents keep their place under the address without them, so
that the next run finds them again. Runs inside each organisation, as the application.
"""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import migrations


def seal_addresses(apps: Any, schema_editor: Any) -> None:
    """Move name and password of every such source from its address into its settings and its secret."""
    from headwater.core.wall import organisation_context
    from headwater.gather.models import Source

    organisations = apps.get_model("core", "Organisation").objects.using(schema_editor.connection.alias)
    for organisation_id in list(organisations.values_list("pk", flat=True)):
        with organisation_context(organisation_id):
            found = Source.objects.filter(kind__in=("feed", "web"), settings__url__icontains="@")
            for pk, settings, secret, cursor in list(found.values_list("pk", "settings", "secret", "cursor")):
                _seal(pk, settings, secret, cursor)


def _seal(pk: int, settings: dict[str, Any], secret: Any, cursor: dict[str, Any]) -> None:
    from headwater.core.secret import SecretLost, decrypt, encrypt
    from headwater.gather.models import Source

    try:
        parts = urlsplit(settings["url"])
        sealed = json.loads(decrypt(secret)) if secret else {}
    except (ValueError, SecretLost):
        return
    said = parts.netloc.rpartition("@")[0]
    if not said:
        return  # an @ further on in the address
    name, _colon, password = said.partition(":")
    sealed.setdefault("password", unquote(password))
    kept = {key: _without(said, value) if isinstance(value, str) else value for key, value in settings.items()}
    kept.setdefault("username", unquote(name))
    Source.objects.filter(pk=pk).update(
        settings=kept, secret=encrypt(json.dumps(sealed)), cursor=json.loads(_without(said, json.dumps(cursor)))
    )
    _move_documents(pk, said)


def _move_documents(source_id: int, said: str) -> None:
    from headwater.gather.models import Document
    from headwater.search.models import Entry

    documents = Document.objects.filter(source=source_id)
    taken = set(documents.values_list("key", flat=True))
    for pk, key, metadata in list(documents.values_list("pk", "key", "metadata")):
        new = _without(said, key)
        changed: dict[str, Any] = {"metadata": json.loads(_without(said, json.dumps(metadata)))}
        if new not in taken:
            changed["key"] = new
        documents.filter(pk=pk).update(**changed)
    for pk, path, url in list(Entry.objects.filter(document__source=source_id).values_list("pk", "path", "origin_url")):
        clean = {"path": _without(said, path), "origin_url": _without(said, url)}
        if clean != {"path": path, "origin_url": url}:
            Entry.objects.filter(pk=pk).update(**clean)


def _without(said: str, text: str) -> str:
    """The text, without that name and password before a host; hosts of pages were kept in small letters."""
    for each in (said, said.lower()):
        text = text.replace(f"//{each}@", "//")
    return text


class Migration(migrations.Migration):
    dependencies = [
        ("gather", "0004_troubles_in_words"),
        ("core", "0004_proved_email"),
        ("people", "0005_own_choice"),
        ("search", "0002_titles"),
    ]

    operations = [migrations.RunPython(seal_addresses, migrations.RunPython.noop)]
