"""Queries that were kept before names were put as slugs: a unit or a source renamed since then was not found any more.

Runs inside each organisation, as the application: the rows belong to it, and so do the names. In a new database there
is none, and the application cannot come in yet.
"""

from typing import Any

from django.db import migrations


def put_slugs(apps: Any, schema_editor: Any) -> None:
    """Put slugs for names in every kept query; one that names what is not there any more stays as it is."""
    from headwater.core.actions import OPERATOR
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Directive, InterestProfile
    from headwater.gather.models import InformationNeed
    from headwater.search.language.errors import QueryError
    from headwater.search.naming import canonical

    organisations = apps.get_model("core", "Organisation").objects.using(schema_editor.connection.alias)
    for organisation_id in list(organisations.values_list("pk", flat=True)):
        with organisation_context(organisation_id):
            for model in (InterestProfile, Directive, InformationNeed):
                for pk, query in list(model.objects.filter(query__contains=":").values_list("pk", "query")):
                    try:
                        kept = canonical(query, OPERATOR)
                    except QueryError:
                        continue
                    if kept != query:
                        model.objects.filter(pk=pk).update(query=kept)


class Migration(migrations.Migration):
    dependencies = [
        ("distribute", "0007_mailed_codes"),
        ("gather", "0004_troubles_in_words"),
        ("people", "0005_own_choice"),
        ("search", "0002_titles"),
        ("taxonomy", "0002_merged_concepts"),
        ("core", "0004_proved_email"),
    ]

    operations = [migrations.RunPython(put_slugs, migrations.RunPython.noop)]
