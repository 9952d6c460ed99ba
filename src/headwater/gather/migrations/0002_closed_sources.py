from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gather", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="source",
            name="state",
            field=models.CharField(
                choices=[("active", "Active"), ("paused", "Paused"), ("closed", "Closed")],
                default="active",
                max_length=8,
            ),
        ),
    ]
