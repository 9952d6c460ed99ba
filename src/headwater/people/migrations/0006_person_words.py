"""The words by which people are found while a name is typed, kept by a trigger of the database."""

import django.db.models.deletion
from django.db import migrations, models

import headwater.core.wall

KEEP = r"""
CREATE FUNCTION fold_name(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT left(lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]', '', 'g')), 200) $$;

CREATE FUNCTION keep_person_words() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER person_words_of_new AFTER INSERT ON people_person
    FOR EACH ROW EXECUTE FUNCTION keep_person_words();
CREATE TRIGGER person_words_of_changed AFTER UPDATE OF name, number, email ON people_person
    FOR EACH ROW WHEN ((OLD.name, OLD.number, OLD.email) IS DISTINCT FROM (NEW.name, NEW.number, NEW.email))
    EXECUTE FUNCTION keep_person_words();

DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT id FROM core_organisation LOOP
        PERFORM set_config('headwater.organisation', one::text, true);
        INSERT INTO people_personword (organisation_id, person_id, word)
            SELECT DISTINCT one, people_person.id, fold_name(word)
            FROM people_person, unnest(regexp_split_to_array(name, '\s+') || ARRAY[number, email]::text[]) AS word
            WHERE organisation_id = one AND word <> '';
    END LOOP;
    PERFORM set_config('headwater.organisation', '', true);
END $$;
"""
DROP = """
DROP TRIGGER person_words_of_new ON people_person;
DROP TRIGGER person_words_of_changed ON people_person;
DROP FUNCTION keep_person_words();
DROP FUNCTION fold_name(text);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_being_made"), ("people", "0005_own_choice")]

    operations = [
        migrations.CreateModel(
            name="PersonWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(db_collation="C", max_length=200)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_default=headwater.core.wall.CurrentOrganisation(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="core.organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="words", to="people.person"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "word"], name="person_word")],
                "constraints": [models.UniqueConstraint(fields=("person", "word"), name="person_word_once")],
            },
        ),
        migrations.RunSQL(KEEP, DROP),
    ]
