"""Signing in, and being locked out."""

import json
import re
import time

import pytest
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from botplatform.accounts.adapters import MFAAdapter
from botplatform.accounts.identified import _of, ask_again, identified_at
from botplatform.accounts.lock import name_typed
from botplatform.accounts.models import User
from tests.support.app_codes import code_of

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return User.objects.create_user("olga", password=PASSWORD, is_staff=True)


def sign_in(client, password, path="/sign-in", name="olga"):
    return client.post(path, {"login": name, "password": password})


def test_the_right_password_leads_to_the_bots(client, person):
    answer = sign_in(client, PASSWORD)
    assert (answer.status_code, answer.url) == (302, "/")


def test_a_wrong_password_says_so_and_keeps_the_name(client, person):
    page = sign_in(client, "wrong").content.decode()
    assert "do not belong together" in page
    assert 'value="olga"' in page


def test_somebody_who_does_not_exist_gets_the_same_answer(client, person):
    known = sign_in(client, "wrong").content.decode().replace("olga", "?")
    unknown = sign_in(client, "wrong", name="nobody").content.decode().replace("nobody", "?")
    token = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
    assert token.sub("", known) == token.sub("", unknown)


def test_five_wrong_tries_lock_even_the_right_password_out(client, person):
    for _ in range(4):
        assert sign_in(client, "wrong").status_code == 200
    fifth = sign_in(client, "wrong")
    assert fifth.status_code == 429
    assert "Locked for 15 minutes" in fifth.content.decode()
    assert sign_in(client, PASSWORD).status_code == 429
    assert client.get("/").status_code == 302


def test_a_lock_is_of_one_name_and_not_of_everybody_behind_an_address(client, person):
    for _ in range(5):
        sign_in(client, "wrong", name="somebody")
    assert sign_in(client, PASSWORD).status_code == 302


def test_a_lock_stands_in_the_database_where_every_process_sees_it(client, person):
    for _ in range(5):
        sign_in(client, "wrong")
    assert AccessAttempt.objects.get().username == "olga"


def test_the_admin_has_no_sign_in_of_its_own(client, person):
    answer = client.get("/admin/login/?next=/admin/")
    assert (answer.status_code, answer.url) == (302, "/sign-in?next=%2Fadmin%2F")
    assert client.post("/admin/login/", {"username": "olga", "password": PASSWORD}).status_code == 302
    assert client.get("/admin/").status_code == 302


def test_signing_out_is_a_post_and_ends_the_session(client, person):
    client.force_login(person)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").url == "/sign-in"
    assert client.get("/").url == "/sign-in?next=/"


def test_the_next_page_must_be_ours(client, person):
    answer = client.post("/sign-in?next=https://example.com/", {"login": "olga", "password": PASSWORD})
    assert answer.url == "/"


@pytest.mark.parametrize("path", ["/sign-up", "/account/signup/", "/account/email/", "/password/reset/"])
def test_nobody_signs_up_or_resets_by_mail(client, path):
    assert client.get(path).status_code in (302, 404)
    assert client.post(path, {"username": "mallory", "password1": PASSWORD, "password2": PASSWORD}).status_code != 200
    assert not User.objects.filter(username="mallory").exists()


# Names that are counted


@pytest.mark.parametrize(
    ("credentials", "sent", "name"),
    [
        ({"username": "olga"}, {}, "olga"),
        (None, {"login": "olga"}, "olga"),
        (None, {"username": "olga"}, "olga"),
        ({"username": "olga"}, {"login": "somebody"}, "olga"),
        (None, {}, None),
    ],
)
def test_tries_are_counted_under_the_name_that_was_typed(rf, credentials, sent, name):
    assert name_typed(rf.post("/sign-in", sent), credentials) == name


# Second factors


@pytest.fixture
def confirmed(client, person):
    """Somebody signed in who has just shown who it is."""
    sign_in(client, PASSWORD)
    client.post("/account/confirm", {"password": PASSWORD})
    return client


def activate(client):
    secret = client.get("/account/app").context["form"].secret
    assert client.post("/account/app", {"code": code_of(secret)}).status_code == 302
    return secret


def test_a_factor_is_added_only_by_who_has_just_shown_who_it_is(client, person):
    sign_in(client, PASSWORD)
    answer = client.get("/account/app")
    assert answer.url.startswith("/account/confirm?next=")


def test_confirming_with_a_wrong_password_confirms_nothing(client, person):
    sign_in(client, PASSWORD)
    client.post("/account/confirm", {"password": "wrong"})
    assert client.get("/account/app").status_code == 302


def test_with_an_app_the_password_alone_lets_nobody_in(confirmed, person):
    secret = activate(confirmed)
    confirmed.post("/sign-out")
    assert sign_in(confirmed, PASSWORD).url.startswith("/sign-in/factor")
    assert confirmed.get("/").status_code == 302
    assert confirmed.get("/admin/").status_code == 302
    answer = confirmed.post("/sign-in/factor", {"code": code_of(secret)})
    assert answer.url == "/"
    assert confirmed.get("/").status_code == 200


@pytest.fixture
def clock(monkeypatch):
    """Stands at the start of a half minute until somebody moves it; answers what it shows."""
    shown = [1_800_000_000]
    monkeypatch.setattr(time, "time", lambda: shown[0])
    return shown


def second_factor(client, code):
    """Whether this code lets in who has given the password."""
    client.post("/sign-out")
    sign_in(client, PASSWORD)
    return client.post("/sign-in/factor", {"code": code}).status_code == 302


@pytest.mark.parametrize(("later", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_an_app_may_be_half_a_minute_early_or_late(clock, confirmed, later, taken):
    secret = activate(confirmed)
    assert second_factor(confirmed, code_of(secret, later=later)) is taken


@pytest.mark.parametrize("seconds", [0, 29, 31, 59])
def test_a_code_counts_once_for_as_long_as_it_is_good(clock, confirmed, seconds):
    secret = activate(confirmed)
    code = code_of(secret, later=1)
    assert second_factor(confirmed, code)
    clock[0] += seconds
    assert not second_factor(confirmed, f" {code[:3]}-{code[3:]} ")


def test_a_code_that_let_somebody_in_does_not_show_again_who_it_is(clock, confirmed):
    secret = activate(confirmed)
    code = code_of(secret, later=1)
    assert second_factor(confirmed, code)
    clock[0] += 31
    assert confirmed.post("/account/confirm/factor", {"code": code}).status_code == 200


def test_wrong_codes_run_out(confirmed, person):
    activate(confirmed)
    confirmed.post("/sign-out")
    sign_in(confirmed, PASSWORD)
    answers = [confirmed.post("/sign-in/factor", {"code": "000000"}) for _ in range(12)]
    assert any("Too many failed" in answer.content.decode() for answer in answers if answer.status_code == 200)


def test_tries_with_many_names_do_not_push_the_count_of_one_out(clock, confirmed, rf):
    activate(confirmed)
    confirmed.post("/sign-out")
    sign_in(confirmed, PASSWORD)
    for _ in range(10):
        confirmed.post("/sign-in/factor", {"code": "000000"})
    for name in range(1000):
        from_elsewhere = rf.post("/", REMOTE_ADDR=f"10.0.{name // 250}.{name % 250}")
        ratelimit.consume(from_elsewhere, action="login_failed", key=f"name-{name}")
    answer = confirmed.post("/sign-in/factor", {"code": "000000"})
    assert "Too many failed" in answer.content.decode()


def test_the_secret_is_in_the_database_in_no_form_that_can_be_used(confirmed, person):
    secret = activate(confirmed)
    (row,) = Authenticator.objects.filter(type="totp")
    assert secret not in json.dumps(row.data)
    assert MFAAdapter().decrypt(row.data["secret"]) == secret
    assert secret not in str([session.get_decoded() for session in Session.objects.all()])


def test_the_key_of_the_factors_is_a_file_that_only_the_web_can_read(confirmed, person, settings):
    activate(confirmed)
    assert (settings.PLATFORM_DIR / "second-factors.key").stat().st_mode & 0o777 == 0o600


def test_a_recovery_code_lets_in_once(confirmed, person):
    activate(confirmed)
    confirmed.post("/account/codes/new")
    code = confirmed.get("/account/codes").context["unused_codes"][0]
    confirmed.post("/sign-out")
    sign_in(confirmed, PASSWORD)
    assert confirmed.post("/sign-in/factor", {"code": code}).url == "/"
    confirmed.post("/sign-out")
    sign_in(confirmed, PASSWORD)
    assert confirmed.post("/sign-in/factor", {"code": code}).status_code == 200


def test_who_has_lost_every_factor_is_let_in_by_a_command_on_the_host(confirmed, person):
    activate(confirmed)
    call_command("forget_factors", user="olga")
    assert confirmed.get("/").status_code == 302  # every session has ended
    assert sign_in(confirmed, PASSWORD).url == "/"


def test_the_command_says_when_there_is_no_such_user(db):
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        call_command("forget_factors", user="nobody")


# Sessions


def test_other_sessions_can_be_ended(confirmed, person):
    elsewhere = Client()
    sign_in(elsewhere, PASSWORD)
    assert elsewhere.get("/").status_code == 200
    page = confirmed.get("/account/sessions").content.decode()
    assert page.count("127.0.0.1") == 2
    confirmed.post("/account/sessions")
    assert elsewhere.get("/").status_code == 302
    assert confirmed.get("/").status_code == 200


def test_another_password_ends_the_other_sessions(confirmed, person):
    elsewhere = Client()
    sign_in(elsewhere, PASSWORD)
    new = "a different horse battery"
    confirmed.post("/account/password", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert elsewhere.get("/").status_code == 302
    assert sign_in(Client(), new).status_code == 302


# How long ago somebody has shown who it is


def test_signing_in_and_confirming_are_times_at_which_somebody_has_shown_who_it_is(client, person, rf):
    before = int(time.time())
    sign_in(client, PASSWORD)
    request = rf.get("/")
    request.user, request.session = person, client.session
    assert _of(request) >= before
    request.session["account_authentication_methods"] = []
    assert _of(request) == 1


def test_a_command_is_run_by_somebody_who_is_there():
    assert abs(identified_at() - time.time()) < 5


def test_asking_again_keeps_nothing_of_what_was_sent(client, person):
    answer = ask_again("/bots/x/")
    assert answer.url == "/account/confirm?next=%2Fbots%2Fx%2F"


# What a copy of the database is good for


def test_the_key_of_a_sessions_row_lets_nobody_in(client, person):
    sign_in(client, PASSWORD)
    thief = Client()
    for row in Session.objects.all():
        thief.cookies["sessionid"] = row.session_key
        assert thief.get("/").status_code == 302


def test_what_the_list_of_sessions_keeps_lets_nobody_in(client, person):
    sign_in(client, PASSWORD)
    thief = Client()
    thief.cookies["sessionid"] = UserSession.objects.get().session_key
    assert thief.get("/").status_code == 302


@pytest.mark.parametrize(
    "change", [lambda c: c[:-1], lambda c: c.replace(":", ";"), lambda c: f"x{c}", lambda c: c[:0]]
)
def test_a_cookie_that_was_changed_is_nobodys(client, person, change):
    sign_in(client, PASSWORD)
    client.cookies["sessionid"] = change(client.cookies["sessionid"].value)
    assert client.get("/").status_code == 302


def test_no_password_that_was_posted_lies_in_the_table_of_sessions(client, person):
    sign_in(client, PASSWORD)
    wrong, new = "a wrong one of mine", "a different horse battery"
    client.post("/account/confirm", {"password": wrong})
    client.post("/account/password", {"oldpassword": wrong, "password1": new, "password2": new})
    client.post("/vault/unkill", {"password": wrong})
    kept = str([session.get_decoded() for session in Session.objects.all()])
    assert not [secret for secret in (PASSWORD, wrong, new) if secret in kept]
