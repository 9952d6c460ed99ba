import django.db.models.deletion
from django.db import migrations, models

# Nothing of a delivery changes by it: nobody is told, and no follower looks at them all anew. One after the other, so
# that they stay in the order they came in: a join would put them in another.
FILL = """
ALTER TABLE distribute_delivery DISABLE TRIGGER USER;
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        UPDATE distribute_delivery SET entry_id = (SELECT entry_id FROM search_entryversion v WHERE v.id = version_id);
    END LOOP;
END $$;
ALTER TABLE distribute_delivery ENABLE TRIGGER USER;
"""


def _entry(null: bool) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        null=null,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="search.entry",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0030_very_long_texts'),
        ('search', '0006_entry_access'),
    ]

    operations = [
        migrations.AddField(model_name='delivery', name='entry', field=_entry(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(model_name='delivery', name='entry', field=_entry(null=False)),
    ]
