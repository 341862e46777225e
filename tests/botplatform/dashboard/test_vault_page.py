"""What the vault has of a person, and of everybody for the operator."""

import re

import pytest

from botplatform.exchanges.models import ExchangeAccount

pytestmark = pytest.mark.django_db


def test_it_shows_ones_own_keys_and_grants_and_nobody_elses(client, owner, stranger, signer):
    mine = signer.account(owner=owner.pk)
    signer.grant(mine)
    client.force_login(owner)
    page = client.get("/vault/").content.decode()
    assert "in force" in page
    assert "BTC/USDT" in page
    client.force_login(stranger)
    assert "in force" not in client.get("/vault/").content.decode()


def test_a_grant_is_told_in_words_with_who_runs_it(client, owner, signer):
    signer.grant(signer.account(owner=owner.pk))
    client.force_login(owner)
    page = client.get("/vault/").content.decode()
    assert "It may buy and sell on BTC/USDT, and on no other market. It can never withdraw." in page
    assert "No single order is worth more than" in page
    assert "never run" in page


def test_the_record_says_how_far_it_goes(client, owner, stranger, signer):
    signer.grant(signer.account(owner=owner.pk))
    client.force_login(owner)
    page = client.get("/vault/").content.decode()
    assert "The newest of yours is number" in page
    assert "the signer works normally" in page
    client.force_login(stranger)
    assert "Nothing is recorded" in client.get("/vault/").content.decode()


def test_a_signer_that_is_away_is_a_sentence(client, owner):
    client.force_login(owner)
    answer = client.get("/vault/")
    assert answer.status_code == 503
    assert "cannot speak to the vault" in answer.content.decode()


def test_the_operator_sees_everybodys_tables_in_the_admin(client, owner, operator, signer):
    account = signer.account(owner=owner.pk)
    client.force_login(operator)
    page = client.get("/admin/vault/").content.decode()
    assert str(account.credential) in page
    assert "key.connected" in page


def test_the_operator_is_told_when_the_signer_is_away(client, operator):
    client.force_login(operator)
    assert client.get("/admin/vault/").status_code == 503


def test_nobody_else_sees_them(client, owner):
    assert client.get("/admin/vault/").status_code == 302
    client.force_login(owner)
    assert client.get("/admin/vault/").status_code == 302


def test_what_was_connected_at_the_vaults_pages_is_learned_of(client, owner, signer):
    account = signer.account(owner=owner.pk)
    client.force_login(owner)
    assert "Connect an exchange account first" not in client.get("/bots/new").content.decode()
    known = ExchangeAccount.objects.get(id=account.credential)
    assert (known.owner, known.exchange, known.label, known.ip_bound) == (owner, "paper", "Paper", False)


def test_a_new_name_at_the_vault_is_learned_of(client, owner, signer):
    account = signer.account(owner=owner.pk)
    client.force_login(owner)
    client.get("/vault/")
    ExchangeAccount.objects.update(label="Old")
    client.get("/vault/")
    assert ExchangeAccount.objects.get(id=account.credential).label == "Paper"


def test_nobody_learns_of_a_strangers_account(client, owner, stranger, signer):
    signer.account(owner=owner.pk)
    client.force_login(stranger)
    assert "Connect an exchange account first" in client.get("/bots/new").content.decode()
    assert not ExchangeAccount.objects.exists()


def test_a_vault_that_is_away_does_not_keep_the_form_away(client, owner):
    client.force_login(owner)
    assert client.get("/bots/new").status_code == 200


def test_the_way_to_the_vaults_pages_is_a_form_with_a_ticket(client, owner, signer, settings):
    """Not an address: those are kept. And it says where it comes from, which the pages ask for."""
    client.force_login(owner)
    answer = client.post("/vault/open")
    page = answer.content.decode()
    assert f'action="{settings.VAULT_PAGES}/enter"' in page
    assert re.search(r'name="ticket" value="[A-Za-z0-9_-]{43}"', page)
    assert f"form-action 'self' {settings.VAULT_PAGES};" in answer.headers["Content-Security-Policy"] + ";"
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in answer.headers["Cache-Control"]


def test_every_ticket_is_for_the_one_who_is_signed_in(client, owner, stranger, signer):
    for one in (owner, stranger):
        client.force_login(one)
        client.post("/vault/open", {"owner": str(owner.pk)})
    tickets = [each["subject"] for each in signer.web().overview(None, 20).audit if each["kind"] == "visit.ticket"]
    assert tickets[:2] == [str(stranger.pk), str(owner.pk)]


def test_a_vault_that_is_away_opens_nothing_and_says_so(client, owner):
    client.force_login(owner)
    answer = client.post("/vault/open")
    assert (answer.status_code, answer.url) == (302, "/vault/")


def test_it_says_who_may_ask_now_and_for_how_long(client, owner, stranger, signer):
    account = signer.account(owner=owner.pk)
    grant = signer.grant(account)
    lease = signer.runner().take_lease("shown")
    lease._token(grant)
    client.force_login(owner)
    page = client.get("/vault/").content.decode()
    assert ">live<" in page
    assert re.search(r">1[01]\d s<", page)
    client.force_login(stranger)
    assert "No runner has a lease or a token" in client.get("/vault/").content.decode()


def test_it_says_how_far_the_key_store_has_signed_the_record(client, owner, signer):
    signer.grant(signer.account(owner=owner.pk))
    client.force_login(owner)
    page = client.get("/vault/").content.decode()
    assert re.search(r"has (not signed a checkpoint|signed the whole record up to entry \d+)", page)


def test_the_record_names_what_it_is_about(client, owner, signer):
    account = signer.account(owner=owner.pk)
    signer.grant(account)
    client.force_login(owner)
    page = client.get("/vault/").content.decode()
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)]
    (connected,) = [row for row in rows if "the key was checked and connected" in row]
    (label,) = [row["label"] for row in signer.web().overview(owner.pk).credentials]
    assert label in connected
