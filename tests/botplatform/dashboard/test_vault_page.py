"""What the vault has of a person, and of everybody for the operator."""

import pytest

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
