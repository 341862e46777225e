"""The web's entry point for an ASGI server."""

import gc
import os
import warnings

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")
# WhiteNoise hands static files over as plain iterators. They are small, and the browser keeps them.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
application = get_asgi_application()

# What was loaded stays. Looking through all of it for garbage again and again would hold up one page in twenty for a
# quarter of a second.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
