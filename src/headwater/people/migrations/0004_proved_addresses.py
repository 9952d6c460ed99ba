"""Addresses that people once added to their accounts were never proved: they go, the account's own stays."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0003_wider_access"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [
        migrations.RunSQL(
            "DELETE FROM account_emailconfirmation; DELETE FROM account_emailaddress", migrations.RunSQL.noop
        )
    ]
