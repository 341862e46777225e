
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bots', '0002_markets_and_wishes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Sweep',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('job', models.JSONField()),
                ('candles', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('ended', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['created_at'],
            },
        ),
        migrations.CreateModel(
            name='SweepChunk',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('units', models.JSONField()),
                ('worker', models.CharField(blank=True, default='', max_length=300)),
                ('beat_at', models.DateTimeField(null=True)),
                ('done', models.BooleanField(default=False)),
                ('rows', models.JSONField(null=True)),
                ('problem', models.TextField(blank=True, default='')),
                ('sweep', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='bots.sweep')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('sweep', 'number'), name='one_chunk_a_number')],
            },
        ),
    ]
