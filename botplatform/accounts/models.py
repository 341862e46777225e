"""People who sign in."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A trader or an operator (`is_staff`). Its UUID is the owner that the vault binds keys and grants to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
