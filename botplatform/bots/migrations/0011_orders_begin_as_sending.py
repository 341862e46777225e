"""The signer's orders are `sending` from their admission on; rows of before follow."""

from django.db import migrations, models


def follow(apps, _editor):
    apps.get_model("bots", "Order").objects.filter(state="prepared").update(state="sending")


class Migration(migrations.Migration):
    dependencies = [("bots", "0010_lists_by_time_and_id")]

    operations = [
        migrations.RunPython(follow, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="order",
            name="state",
            field=models.CharField(
                choices=[
                    ("wished", "about to be sent"),
                    ("refused", "refused by the signer"),
                    ("sending", "being sent"),
                    ("accepted", "open"),
                    ("unknown", "being looked up"),
                    ("absent", "never arrived"),
                    ("rejected", "rejected by the exchange"),
                    ("filled", "filled"),
                    ("cancelled", "cancelled"),
                    ("expired", "expired"),
                ],
                default="wished",
                max_length=10,
            ),
        ),
    ]
