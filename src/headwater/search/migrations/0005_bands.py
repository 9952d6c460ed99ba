from django.db import migrations, models
from django.db.models import F


def _band(number):
    stretch = F("fingerprint").bitrightshift(16 * number).bitand(0xFFFF)
    return models.GeneratedField(db_persist=True, expression=stretch, output_field=models.IntegerField(null=True))


class Migration(migrations.Migration):

    dependencies = [
        ('search', '0004_version_entry'),
    ]

    operations = [
        operation
        for number in range(4)
        for operation in (
            migrations.AddField(model_name='entryversion', name=f'band_{number}', field=_band(number)),
            migrations.AddIndex(
                model_name='entryversion',
                index=models.Index(fields=[f'band_{number}'], name=f'version_band_{number}'),
            ),
        )
    ]
