"""People, and the web in front of a browser."""

from dataclasses import replace

import pytest
from django.db import connection

from botplatform.exchanges import vault
from tests.botplatform.dashboard import seeds
from tests.support.browser import Visitor, Web, browser, chromium_or_skip


@pytest.fixture(autouse=True)
def plain_static(settings, tmp_path):
    """Pages name static files as they lie in the folders; the browser tests collect them as `make run` does."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def somewhere_else(settings, tmp_path):
    """Sockets and state files of nobody: the vault and the feed are away unless a test brings them."""
    settings.LAYOUT = replace(settings.LAYOUT, var=tmp_path, run=tmp_path)
    vault.web.cache_clear()
    yield
    vault.web.cache_clear()


@pytest.fixture
def owner(db):
    return seeds.user("olga")


@pytest.fixture
def stranger(db):
    return seeds.user("stan")


@pytest.fixture
def operator(db):
    return seeds.user("otto", is_staff=True, is_superuser=True)


@pytest.fixture(scope="session")
def served(django_db_setup):
    """The web, served by uvicorn; one for all tests of a worker."""
    with Web(connection.settings_dict["NAME"]) as running:
        yield running


@pytest.fixture
def web(transactional_db, request):
    """The web in front of a browser."""
    chromium_or_skip()
    return request.getfixturevalue("served")


@pytest.fixture
def chromium(web):
    with browser() as launched:
        yield launched


@pytest.fixture
def visit(chromium, web):
    """`visit(user, dark=..., width=...)`: somebody at the browser, whose complaints fail the test at its end."""
    visitors = []

    def visitor(user=None, **more):
        visitors.append(Visitor(chromium, web.address, user, **more))
        return visitors[-1]

    yield visitor
    for each in visitors:
        each.context.close()
    complaints = [complaint for each in visitors for complaint in each.complaints]
    assert complaints == [], web.log.read_text()[-4000:]
