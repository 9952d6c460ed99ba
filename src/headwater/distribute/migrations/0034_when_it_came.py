import django.utils.timezone
from django.db import migrations, models

# What is there came when it was made. Nothing of a delivery changes by it: nobody is told (see 0031).
FILL = """
ALTER TABLE distribute_delivery DISABLE TRIGGER USER;
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        UPDATE distribute_delivery SET came_at = created_at;
    END LOOP;
END $$;
ALTER TABLE distribute_delivery ENABLE TRIGGER USER;
"""
PLACE = "its place in lists: when the row was made, or the open broadcast that it was a part of before"


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0004_proved_email'),
        ('distribute', '0033_placed_by_version'),
        ('people', '0007_kept_words'),
        ('search', '0006_entry_access'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='delivery', name='delivery_inbox'),
        migrations.RemoveIndex(model_name='delivery', name='delivery_unread'),
        migrations.RemoveIndex(model_name='delivery', name='delivery_due'),
        migrations.AddField(model_name='delivery', name='came_at', field=models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(model_name='delivery', name='came_at', field=models.DateTimeField(help_text=PLACE)),
        migrations.AlterField(
            model_name='delivery', name='created_at', field=models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['person', '-came_at', '-version'], name='delivery_inbox'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(
                condition=models.Q(('must_acknowledge', False), ('read_at', None)),
                fields=['person', '-came_at', '-version'],
                include=('organisation', 'entry', 'state', 'rolled', 'urgent'),
                name='delivery_unread',
            ),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(
                condition=models.Q(('acknowledged_at', None), ('must_acknowledge', True)),
                fields=['person', 'due_at', '-came_at', '-version'],
                include=('organisation', 'entry', 'state', 'read_at', 'urgent'),
                name='delivery_due',
            ),
        ),
    ]
