
import django.db.models.deletion
import headwater.core.wall
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0004_proved_email'),
        ('distribute', '0014_worth'),
    ]

    operations = [
        migrations.AddField(
            model_name='matchrun',
            name='host',
            field=models.CharField(blank=True, help_text='which worker it was: host and process', max_length=80),
        ),
        migrations.AddField(
            model_name='matchrun',
            name='shard',
            field=models.PositiveSmallIntegerField(default=0, help_text='of the standing queries, see MatchShard'),
        ),
        migrations.AddField(
            model_name='matchrun',
            name='shards',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.CreateModel(
            name='MatchShard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(default=0)),
                ('of', models.PositiveSmallIntegerField(default=1)),
                ('tx', models.BigIntegerField(default=0, help_text='versions of transactions below this are matched')),
                ('profiles_tx', models.BigIntegerField(default=0, help_text='queries of transactions below this were caught up')),
                ('until_tx', models.BigIntegerField(help_text='others match the versions from this transaction on', null=True)),
                ('organisation', models.ForeignKey(db_default=headwater.core.wall.CurrentOrganisation(), db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('until_tx', None)), fields=('organisation', 'number', 'of'), name='shard_once')],
            },
        ),
    ]
