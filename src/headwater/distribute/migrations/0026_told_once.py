from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0025_deliveries_by_version'),
    ]

    operations = [
        migrations.AddField(
            model_name='forecast',
            name='told',
            field=models.JSONField(editable=False, help_text='the numbers that were shown: others are not given', null=True),
        ),
    ]
