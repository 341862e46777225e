from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Sample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('exchange', models.CharField(max_length=30)),
                ('minute', models.BigIntegerField()),
                ('prices', models.TextField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('exchange', 'minute'), name='one_sample_a_minute')],
            },
        ),
    ]
