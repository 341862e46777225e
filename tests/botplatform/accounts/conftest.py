"""The web in front of a browser, as the dashboard's tests have it."""

from tests.botplatform.dashboard.conftest import (  # noqa: F401 - fixtures
    chromium,
    owner,
    plain_static,
    served,
    somewhere_else,
    visit,
    web,
)
