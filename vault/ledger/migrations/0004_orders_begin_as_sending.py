from django.db import migrations, models


def begin_as_sending(apps, schema_editor):
    """What was written down and not sent when a signer was stopped is looked up like what was being sent."""
    apps.get_model("ledger", "Order").objects.filter(state="prepared").update(state="sending")


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_event_chain'),
    ]

    operations = [
        migrations.RunPython(begin_as_sending, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='order',
            name='state',
            field=models.CharField(choices=[('sending', 'sending'), ('accepted', 'accepted'), ('unknown', 'unknown'), ('absent', 'absent'), ('rejected', 'rejected'), ('filled', 'filled'), ('cancelled', 'cancelled'), ('expired', 'expired')], max_length=10),
        ),
    ]
