from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0012_refused_since'),
    ]

    operations = [
        migrations.AddField(
            model_name='dispatch',
            name='down_since',
            field=models.DateTimeField(help_text='since when its way has been down', null=True),
        ),
    ]
