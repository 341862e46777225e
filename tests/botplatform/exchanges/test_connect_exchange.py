"""Connecting a key from the command line, with a real vault and a real exchange behind it."""

import io
import sys
import uuid
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from botplatform.accounts.models import User
from botplatform.exchanges import vault
from botplatform.exchanges.models import ExchangeAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return User.objects.create_user(f"olga-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def connect(monkeypatch, person):
    """Run the command with these lines typed; what it said."""

    def connect(typed, user=None, exchange="paper", label="Paper account"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        said = io.StringIO()
        call_command("connect_exchange", user=user or person.username, exchange=exchange, label=label, stdout=said)
        return said.getvalue()

    return connect


def key_of(machine, *rights):
    opened = machine.paper.open_account(rights)
    return opened["key"], opened["secret"]


def test_a_key_is_connected_and_its_rights_are_told(connect, signer, person):
    key, secret = key_of(signer, "trade")
    assert (
        connect(f"{key}\n{secret}\n") == "Paper account is connected: its key may read and trade, may not withdraw.\n"
    )
    account = ExchangeAccount.objects.get()
    assert (account.owner, account.exchange, account.label) == (person, "paper", "Paper account")
    assert signer.web().overview(person.pk).credentials[0]["id"] == str(account.id)


def refused(connect, capfd, secret="", **given):
    """The sentence with which it was refused. Nothing was kept, and the secret is nowhere."""
    with pytest.raises(CommandError) as why:
        connect(**given)
    shown = "".join((str(why.value), *capfd.readouterr()))
    assert not secret or secret not in shown
    assert not ExchangeAccount.objects.exists()
    assert "\n" not in str(why.value)
    return str(why.value)


@pytest.mark.parametrize(
    ("rights", "words"),
    [(("trade", "withdraw"), "can withdraw. Make one without"), ((), "may not trade. Give it the right")],
)
def test_a_key_with_the_wrong_rights_is_refused(connect, signer, capfd, rights, words):
    key, secret = key_of(signer, *rights)
    assert words in refused(connect, capfd, secret, typed=f"{key}\n{secret}\n")


def test_a_key_that_the_exchange_does_not_know_is_refused(connect, signer, capfd):
    key, secret = key_of(signer, "trade")
    wrong = secret[::-1]
    sentence = refused(connect, capfd, wrong, typed=f"{key}\n{wrong}\n")
    assert sentence.startswith("The key or the secret: ")


def test_a_key_that_can_be_none_is_named_once(connect, signer, capfd):
    sentence = refused(connect, capfd, "hid den", typed="shortkey\nhid den\n")
    assert sentence.startswith("The key or the secret has characters or a length")
    assert sentence.lower().count("the key or the secret") == 1


def test_an_exchange_that_the_signer_does_not_know_is_named(connect, signer, capfd):
    sentence = refused(connect, capfd, "hidden", typed="k\nhidden\n", exchange="mtgox")
    assert sentence.startswith("--exchange mtgox: ")


@pytest.mark.parametrize(
    ("typed", "which"), [("", "first"), ("\nx\n", "first"), ("key\n", "second"), ("key\n  \n", "second")]
)
def test_an_empty_line_is_named(connect, capfd, typed, which):
    assert which in refused(connect, capfd, typed=typed)


def test_an_unknown_user_is_named(connect, capfd):
    assert refused(connect, capfd, typed="k\nhidden\n", user="nobody", secret="hidden").startswith("--user nobody: ")


@pytest.mark.parametrize("label", ["", "  ", "x" * 81])
def test_a_label_that_is_none_is_named(connect, capfd, label):
    assert refused(connect, capfd, typed="k\ns\n", label=label).startswith("--label: ")


def test_a_vault_that_is_away_is_a_sentence(connect, capfd, settings, tmp_path):
    settings.LAYOUT = replace(settings.LAYOUT, run=tmp_path)
    settings.PLATFORM_DIR = tmp_path
    vault.web.cache_clear()
    assert "cannot speak to the vault" in refused(connect, capfd, "hidden", typed="k\nhidden\n")


def test_a_signer_that_is_away_is_a_sentence(connect, capfd, signer, settings, tmp_path):
    settings.LAYOUT = replace(settings.LAYOUT, run=tmp_path)
    vault.web.cache_clear()
    assert "The vault is not ready" in refused(connect, capfd, "hidden", typed="k\nhidden\n")
