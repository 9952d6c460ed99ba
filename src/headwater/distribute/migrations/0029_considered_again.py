from django.db import migrations, models


# What changed before this is left as it was delivered then.
FILL = """
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        UPDATE distribute_matchshard SET entries_tx = tx;
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0028_ease_what_was_left'),
    ]

    operations = [
        migrations.AddField(
            model_name='matchshard',
            name='entries_pk',
            field=models.BigIntegerField(default=0, help_text='and of those changed in it, those up to this one'),
        ),
        migrations.AddField(
            model_name='matchshard',
            name='entries_tx',
            field=models.BigIntegerField(default=0, help_text='entries changed before this were considered again'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
