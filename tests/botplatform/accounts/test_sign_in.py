"""Signing in, and being locked out."""

import pytest

from botplatform.accounts.models import User

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def person():
    return User.objects.create_user("olga", password=PASSWORD, is_staff=True)


def sign_in(client, password, path="/sign-in"):
    return client.post(path, {"username": "olga", "password": password})


def test_the_right_password_leads_to_the_bots(client, person):
    answer = sign_in(client, PASSWORD)
    assert (answer.status_code, answer.url) == (302, "/")


def test_a_wrong_password_says_so_and_keeps_the_name(client, person):
    page = sign_in(client, "wrong").content.decode()
    assert "do not belong together" in page
    assert 'value="olga"' in page


@pytest.mark.parametrize("path", ["/sign-in", "/admin/login/"])
def test_five_wrong_tries_lock_even_the_right_password_out(client, person, path):
    for _ in range(4):
        assert sign_in(client, "wrong", path).status_code == 200
    fifth = sign_in(client, "wrong", path)
    assert fifth.status_code == 429
    assert "Locked for 15 minutes" in fifth.content.decode()
    assert sign_in(client, PASSWORD, "/sign-in").status_code == 429
    assert sign_in(client, PASSWORD, "/admin/login/").status_code == 429
    assert client.get("/").status_code == 302


def test_signing_out_is_a_post_and_ends_the_session(client, person):
    client.force_login(person)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").url == "/sign-in"
    assert client.get("/").url == "/sign-in?next=/"


def test_the_next_page_must_be_ours(client, person):
    answer = client.post("/sign-in?next=https://example.com/", {"username": "olga", "password": PASSWORD})
    assert answer.url == "/"
