"""The database keeps the words by which people are found, and writes those of everybody who is there already."""

from django.db import migrations

KEEP = r"""
CREATE OR REPLACE FUNCTION fold_name(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT left(lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]', '', 'g')), 200) $$;

CREATE OR REPLACE FUNCTION keep_person_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM people_personword WHERE person_id = NEW.id;
    END IF;
    INSERT INTO people_personword (organisation_id, person_id, word)
        SELECT DISTINCT NEW.organisation_id, NEW.id, fold_name(word)
        FROM unnest(regexp_split_to_array(NEW.name, '\s+') || ARRAY[NEW.number, NEW.email]::text[]) AS word
        WHERE word <> '';
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER person_words_of_new AFTER INSERT ON people_person
    FOR EACH ROW EXECUTE FUNCTION keep_person_words();
CREATE OR REPLACE TRIGGER person_words_of_changed AFTER UPDATE OF name, number, email ON people_person
    FOR EACH ROW WHEN ((OLD.name, OLD.number, OLD.email) IS DISTINCT FROM (NEW.name, NEW.number, NEW.email))
    EXECUTE FUNCTION keep_person_words();
"""
FILL = r"""
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        INSERT INTO people_personword (organisation_id, person_id, word)
            SELECT DISTINCT one, people_person.id, fold_name(word)
            FROM people_person, unnest(regexp_split_to_array(name, '\s+') || ARRAY[number, email]::text[]) AS word
            WHERE organisation_id = one AND word <> ''
            ON CONFLICT DO NOTHING;
    END LOOP;
END $$;
"""
DROP = """
DROP TRIGGER person_words_of_new ON people_person;
DROP TRIGGER person_words_of_changed ON people_person;
DROP FUNCTION keep_person_words();
DROP FUNCTION fold_name(text);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0006_person_words")]

    operations = [migrations.RunSQL(KEEP, DROP), migrations.RunSQL(FILL, migrations.RunSQL.noop)]
