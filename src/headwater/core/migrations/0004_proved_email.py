from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_imports")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="proved_email",
            field=models.EmailField(
                blank=True,
                default="",
                editable=False,
                help_text="the address, when who set the password had read mail that went there",
                max_length=254,
            ),
            preserve_default=False,
        ),
    ]
