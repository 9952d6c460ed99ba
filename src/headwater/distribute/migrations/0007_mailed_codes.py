import django.db.models.deletion
import django.utils.timezone
import headwater.core.wall
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_imports"),
        ("people", "0005_own_choice"),
        ("distribute", "0006_confirmed_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailedCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(help_text="SHA-256 of the address, in small letters", max_length=64)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="mailed_codes", to="people.person"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
