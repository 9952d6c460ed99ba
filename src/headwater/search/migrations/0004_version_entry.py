from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('search', '0003_new_versions'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='entryversion',
            index=models.Index(fields=['id'], include=('entry', 'organisation'), name='version_entry'),
        ),
    ]
