"""What uvicorn serves in tests: the platform's application on the database of a test run."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")
settings.DATABASES["default"]["NAME"] = os.environ["SERVED_DATABASE"]
application = get_asgi_application()
