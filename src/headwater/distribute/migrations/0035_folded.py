from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribute', '0034_when_it_came'),
    ]

    operations = [
        # A constant default: no row is written, and nobody is told. What was held back before counts as over budget.
        migrations.AddField(
            model_name='delivery',
            name='folded',
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text='rolled, and says the same as something that stands before it: no budget would push it',
            ),
        ),
    ]
