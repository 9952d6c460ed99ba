"""Who brought the uploads and captures that are there already, as the audit log has it; else it stays nobody's."""

from django.db import migrations

READ_LOG = r"""
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        UPDATE gather_document SET handed_as = key FROM gather_source
            WHERE gather_source.id = source_id AND gather_source.kind IN ('upload', 'capture');
        UPDATE gather_document SET brought_by_id = latest.actor_id
            FROM (
                SELECT DISTINCT ON (subject_id) subject_id, actor_id FROM core_event
                WHERE subject = 'gather.document' AND verb IN ('upload_document', 'capture_note', 'capture_mail')
                ORDER BY subject_id, id DESC
            ) AS latest
            WHERE latest.subject_id = gather_document.id AND latest.actor_id IN (SELECT id FROM people_person);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("gather", "0006_brought_by"), ("core", "0004_proved_email")]

    operations = [migrations.RunSQL(READ_LOG, migrations.RunSQL.noop)]
