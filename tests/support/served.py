"""What uvicorn serves in tests: the platform's application on the database of a test run."""

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")
settings.DATABASES["default"]["NAME"] = os.environ["SERVED_DATABASE"]

from botplatform.asgi import application  # noqa: E402, F401  (it needs the database that was just named)
from botplatform.dashboard.live import streams  # noqa: E402

streams.LOOK_AGAIN = 0.5  # a test does not wait ten seconds to see that somebody has signed out
