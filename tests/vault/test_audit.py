"""The audit chain shows every change, and its command says where."""

import os
import shutil
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.forging import ask, forge
from tests.support.processes import ROOT
from vault import clock
from vault.audit import chain, checkpoints, export
from vault.audit.models import Entry
from vault.audit.verify import verify
from vault.messages.canonical import b64


@pytest.fixture
def entries(db):
    """A chain of six."""
    for number in range(6):
        chain.append("order.refused", f"bp{number}", {"n": number}, now=clock.now())


def findings(**more):
    return verify(export.entries(), more.pop("checkpoints", []), more.pop("keys", {}), **more).findings


def first():
    """The first thing that is wrong, in words."""
    return str(findings()[0])


def test_an_untouched_chain_holds(entries):
    assert verify(export.entries(), [], {}).height == 6
    assert findings() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "{}"),
        ("subject", "x"),
        ("kind", "order.found"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("opens", 1),
        ("digest", "0" * 64),
        ("previous", "1" * 64),
    ],
)
@pytest.mark.parametrize("height", [1, 3, 6])
def test_a_changed_entry_is_found(entries, column, value, height):
    Entry.objects.filter(height=height).update(**{column: value})
    assert first() in (f"entry {height}: its words were changed", f"entry {height}: it does not follow the one before")


def test_a_changed_entry_with_a_digest_to_match_breaks_the_next(entries):
    forged = Entry.objects.get(height=3)
    forged.body = "{}"
    forged.digest = chain.entry_digest(chain.plain(forged))
    forged.save()
    assert [str(each) for each in findings()] == ["entry 4: it does not follow the one before"]


@pytest.mark.parametrize(
    ("gone", "words"), [([3], "entry 3 is"), ([1], "entry 1 is"), ([2, 3, 4], "entries 2 to 4 are")]
)
def test_missing_entries_are_found(entries, gone, words):
    Entry.objects.filter(height__in=gone).delete()
    assert [str(each) for each in findings()] == [f"entry {gone[0]}: {words} missing"]


def test_an_inserted_entry_is_found(entries):
    copy = Entry.objects.get(height=6)
    copy.height = 7
    copy.save(force_insert=True)
    assert first() == "entry 7: it does not follow the one before"


def test_an_entry_moved_aside_for_another_is_found(entries):
    """All later ones are counted up by one, so that no height is missing."""
    for height in (6, 5, 4):
        Entry.objects.filter(height=height).update(height=height + 1)
    forged = Entry.objects.get(height=3)
    forged.height = 4
    forged.save(force_insert=True)
    assert findings()[0].height == 4


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {1: b64(KEY.public_key().public_bytes_raw())}


def signed(height, digest=None, key=KEY):
    """A checkpoint as the key store would sign it."""
    if digest is None:
        digest = Entry.objects.get(height=height).digest
    made = {"v": 1, "height": height, "digest": digest, "ledger_height": 0, "ledger_digest": ""}
    made["at"] = "2026-01-01T00:00:00+00:00"
    return {**made, "key": 1, "signature": b64(key.sign(checkpoints.signed_bytes(made)))}


def against(checkpoint, **more):
    return [str(each) for each in findings(checkpoints=[checkpoint], keys=KEYS, **more)]


def test_a_checkpoint_holds(entries):
    assert against(signed(4)) == []
    assert verify(export.entries(), [signed(4), signed(6)], KEYS).checkpoints == 2


def test_a_missing_end_is_found_by_the_checkpoint(entries):
    """All that is left is a chain without fault."""
    checkpoint = signed(6)
    Entry.objects.filter(height__gte=5).delete()
    assert findings() == []
    (why,) = against(checkpoint)
    assert why == "entry 5: the end is missing: by the checkpoint of 2026-01-01T00:00:00+00:00 there were 6 entries"


def test_a_missing_end_is_found_by_a_head_that_is_known(entries):
    head = chain.head()
    Entry.objects.filter(height=6).delete()
    (why,) = [str(each) for each in findings(head=head)]
    assert why == "entry 6: the end is missing: by the head that is known there were 6 entries"


def test_a_chain_that_was_written_anew_is_not_what_was_signed(entries):
    checkpoint = signed(6)
    Entry.objects.all().delete()
    for number in range(6):
        chain.append("order.refused", f"bp{number}", {"n": 7}, now=clock.now())
    assert findings() == []
    (why,) = against(checkpoint)
    assert why.startswith("entry 6: it is not the one that the checkpoint of")


def test_a_checkpoint_by_another_key_is_found(entries):
    forger = Ed25519PrivateKey.generate()
    assert against(signed(6, key=forger)) == ["entry 6: the checkpoint was not signed by a known key of the key store"]
    assert against({**signed(6), "at": "2025-01-01T00:00:00+00:00"})
    assert against({**signed(6), "key": 2})


def opened(kind="order.place", subject="bp1", age=0):
    return chain.append(kind, subject, {}, now=clock.after(-age))


@pytest.fixture
def later(db):
    """Appends an entry of now, so that what came before is old."""
    return lambda: chain.append("lease.taken", "s", {}, now=clock.now())


def test_an_opening_that_was_never_closed_is_found(later):
    opened(age=100)
    later()
    assert first() == "entry 1: order.place of bp1 was never closed"


def test_an_opening_of_just_now_may_still_be_closed(later):
    opened(age=30)
    later()
    assert findings() == []


def test_a_closing_of_nothing_is_found(db):
    chain.append("order.placed", "bp1", {}, now=clock.now())
    assert first() == "entry 1: order.placed closes no entry that was open"


def test_a_second_closing_is_found(db):
    opening = opened()
    for _ in range(2):
        chain.append("order.placed", "bp1", {}, now=clock.now(), closes=opening)
    assert first() == "entry 3: order.placed closes no entry that was open"


def test_a_closing_of_something_else_is_found(db):
    chain.append("order.cancelled", "bp1", {}, now=clock.now(), closes=opened())
    assert first() == "entry 2: order.cancelled closes entry 1, which speaks of something else"


def test_what_is_left_open_is_closed_once(db):
    for _ in range(2):
        opened("order.cancel")
    for _ in range(2):
        chain.close("order.cancel", "bp1", {"outcome": "unknown"}, now=clock.now())
    assert findings() == []
    assert chain.head()[0] == 4


def test_a_start_closes_all_that_the_last_process_left_open(later):
    opened(subject="old", age=5000)
    closed = opened(age=100)
    opened(subject="bp2", age=99)
    chain.append("order.placed", "bp1", {}, now=clock.now(), closes=closed)
    for _ in range(2):
        chain.close_what_was_left({"outcome": "unknown"}, now=clock.now())
    assert [str(each) for each in findings()] == ["entry 1: order.place of old was never closed"]
    assert chain.head()[0] == 5


def test_an_export_says_the_same_as_the_database(entries, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text("".join(export.lines(KEYS)))
    read = export.read(path)
    assert read.keys == KEYS
    verdict = verify(read.entries, read.checkpoints, read.keys)
    assert (verdict.height, verdict.digest, verdict.findings) == (*chain.head(), [])


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda text: text[: text.rindex("{")], "was cut off"),
        (lambda text: text.replace("audit export", "other export"), "is no audit export"),
        (lambda text: text.replace('"keys"', '"kees"'), "is no audit export"),
        (lambda text: "nonsense" + text, "is no audit export"),
        (lambda text: text[:0], "is no audit export"),
    ],
)
def test_a_file_that_is_no_export_is_said_to_be_none(entries, tmp_path, bend, words):
    path = tmp_path / "audit.jsonl"
    path.write_text(bend("".join(export.lines(KEYS))))
    with pytest.raises(export.NotAnExport, match=words):
        export.read(path)


@pytest.fixture
def copied(machine, bot, tmp_path):
    """A copy of the real vault's database, with orders in its chain, made while the signer runs."""
    bot.place()
    bot.cancel()
    path = machine.back_up(tmp_path / "vault.sqlite3")
    shutil.copy(machine.folder / "vault/checkpoint-keys.json", tmp_path)
    return path


def verified(path):
    """Exit code and words of `python -m vault audit verify`."""
    done = subprocess.run(
        [sys.executable, "-m", "vault", "audit", "verify"],
        cwd=ROOT,
        env={**os.environ, "VAULT_STATE": str(path.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command_finds_a_change_in_a_real_chain(copied):
    code, words = verified(copied)
    assert code == 0, words
    assert words.startswith("The audit chain holds: ")
    height = ask(copied, "SELECT max(height) FROM audit_entry WHERE kind = 'order.place'")
    forge(
        copied,
        "UPDATE audit_entry SET body = replace(body, '50000', '60000')"
        " WHERE height = (SELECT max(height) FROM audit_entry WHERE kind = 'order.place')",
    )
    code, words = verified(copied)
    assert code == 1
    assert f"breaks at entry {height}: its words were changed" in words


def test_the_command_runs_beside_the_signer(machine, bot):
    bot.place()
    code, words = verified(machine.folder / "vault/vault.sqlite3")
    assert code == 0, words
    assert bot.cancel().state == "cancelled"


def test_every_order_that_was_opened_is_closed(bot):
    """No audit, no act: an entry before, and one after it that names it."""
    bot.place()
    closing, opening = bot.audit()[:2]
    assert (opening["kind"], closing["kind"]) == ("order.place", "order.placed")
    assert opening["subject"] == closing["subject"] == bot.at_exchange()[0]["clientOrderId"]
    assert opening["body"]["intent"]["price"] == "50000"
    bot.cancel()
    assert [entry["kind"] for entry in bot.audit()[:2]] == ["order.cancelled", "order.cancel"]
