from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0011_keyed_channels'),
    ]

    operations = [
        migrations.AddField(
            model_name='dispatch',
            name='refused_since',
            field=models.DateTimeField(help_text='since when the other side has not taken it', null=True),
        ),
    ]
