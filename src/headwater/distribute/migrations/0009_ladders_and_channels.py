import django.db.models.deletion
import headwater.core.wall
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_proved_email"),
        ("distribute", "0008_slugs_in_queries"),
    ]

    operations = [
        migrations.AddField(
            model_name="directive",
            name="channels",
            field=models.JSONField(default=list, help_text="kinds of channel besides the inbox; empty: every kind"),
        ),
        migrations.CreateModel(
            name="Ladder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "remind_days",
                    models.JSONField(
                        default=list, help_text="days before the due time on which reminders go out"
                    ),
                ),
                ("tell_head_after_days", models.PositiveIntegerField(default=1)),
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
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("organisation",), name="one_usual_ladder")],
            },
        ),
    ]
