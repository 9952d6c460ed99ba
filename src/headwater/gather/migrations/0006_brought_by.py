import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gather", "0005_sealed_addresses"), ("people", "0006_person_words")]

    operations = [
        migrations.AddField(
            "document",
            "brought_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="people.person"
            ),
        ),
        migrations.AddField(
            "document",
            "handed_as",
            models.CharField(blank=True, help_text="its name as it was brought by a person", max_length=1000),
        ),
    ]
