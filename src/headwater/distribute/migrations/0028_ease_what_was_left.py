from django.db import migrations, models


# What an interest brought back before 0027 after its directive was recalled: it still asked, with the old deadline.
FILL = """
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        WITH eased AS (
            UPDATE distribute_delivery d SET must_acknowledge = false, urgent = false, due_at = NULL
            WHERE d.state IN ('due', 'opened', 'withdrawn') AND d.acknowledged_at IS NULL
              AND (d.must_acknowledge OR d.urgent)
              AND EXISTS (
                SELECT FROM distribute_reason x JOIN distribute_directive r ON r.id = x.directive_id
                WHERE x.delivery_id = d.id AND r.state = 'recalled')
              AND NOT EXISTS (
                SELECT FROM distribute_reason x JOIN distribute_directive r ON r.id = x.directive_id
                WHERE x.delivery_id = d.id AND r.state IN ('issued', 'ended') AND (r.acknowledge OR r.urgent)
                  AND (NOT r.acknowledge OR EXISTS (
                    SELECT FROM people_audiencemember m
                    WHERE m.audience_id = r.audience_id AND m.person_id = d.person_id)))
            RETURNING d.id
        ), untold AS (
            UPDATE distribute_dispatch x SET taken_back = true,
                state = CASE WHEN x.state IN ('queued', 'failed') THEN 'cancelled' ELSE x.state END
            FROM eased WHERE x.delivery_id = eased.id AND x.asked >= 1
        )
        UPDATE distribute_reminder x SET taken_back = true FROM eased WHERE x.delivery_id = eased.id;
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0027_asked_again'),
    ]

    operations = [
        migrations.AlterField(
            model_name='dispatch',
            name='asked',
            field=models.PositiveSmallIntegerField(choices=[(0, 'Nothing'), (1, 'To acknowledge'), (2, 'To look at once')], default=0, help_text='what the delivery asked of its person when it was queued, and asks still'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
