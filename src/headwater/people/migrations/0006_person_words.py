"""The words by which people are found while a name is typed; what keeps them comes next, once nothing is altered."""

import django.db.models.deletion
from django.db import migrations, models

import headwater.core.wall

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
    ]
