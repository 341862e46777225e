"""The embedded OpenBao: what it leaves lying about, and what it survives."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from botplatform.supervisor.children import ROOT
from botplatform.supervisor.openbao import api, config, setup, upgrade
from botplatform.supervisor.openbao.embedded import EmbeddedBao
from botplatform.supervisor.problems import Problem


def login(bao, role):
    files = bao.files
    if role == "signer":
        return signer(bao)
    secret_id = files.intake_secret_id if role == "intake" else files.provisioner_secret_id
    return api.login(bao.socket, role, secret_id.read_text())


def signer(bao):
    answer = api.demand(bao.socket, "POST", "sys/wrapping/unwrap", token=bao.wrap_signer_secret_id(), body={})
    return api.login(bao.socket, "signer", answer["data"]["secret_id"])


def sign(bao, token):
    body = {"input": "aGVsbG8="}
    return api.demand(bao.socket, "POST", "transit/sign/acct-kept", token=token, body=body)["data"]["signature"]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_leaves_no_root_token(bao):
    assert upgrade.root_accessors(bao.files, login(bao, "provisioner")) == []


def test_a_root_token_would_be_found(bao):
    provisioner = login(bao, "provisioner")

    with upgrade.root_token(bao.files, provisioner):
        assert len(upgrade.root_accessors(bao.files, provisioner)) == 1
    assert upgrade.root_accessors(bao.files, provisioner) == []


def test_what_it_writes_is_for_this_user_alone(bao):
    files = bao.files

    private = [
        files.audit_log,
        files.seal_key,
        files.recovery_key,
        files.intake_secret_id,
        files.layout.var / "layout.json",
    ]
    private += [files.provisioner_secret_id, *(files.home / "conf").iterdir(), files.home / "tls" / "server.key"]
    assert {path.name: oct(mode(path)) for path in private} == {path.name: "0o600" for path in private}
    assert mode(files.socket) in {0o600, 0o660}
    assert mode(files.home) == mode(files.layout.run) == 0o700


def test_the_audit_log_names_requests_but_holds_no_secret(bao):
    secret = bao.files.intake_secret_id.read_text()
    token = login(bao, "intake")

    log = bao.files.audit_log.read_text()
    assert "auth/approle/login" in log
    assert secret not in log
    assert token not in log


def test_a_large_audit_log_is_set_aside_and_a_new_one_begun(var):
    with EmbeddedBao(var) as bao:
        log = bao.files.audit_log
        setup.rotate_audit_log(bao.files, bao.pid, limit=1)
        wait_for(log.exists)

        login(bao, "intake")

        assert "auth/approle/login" in log.read_text()
        assert mode(log) == 0o600
        assert len(list(log.parent.iterdir())) == 2


def test_a_wrapped_secret_id_opens_once(bao):
    token = bao.wrap_signer_secret_id()

    first = api.call(bao.socket, "POST", "sys/wrapping/unwrap", token=token, body={})
    second = api.call(bao.socket, "POST", "sys/wrapping/unwrap", token=token, body={})

    assert (first[0], second[0]) == (200, 400)


def test_a_signers_secret_id_signs_in_once(bao):
    wrapped = bao.wrap_signer_secret_id()
    secret_id = api.demand(bao.socket, "POST", "sys/wrapping/unwrap", token=wrapped, body={})["data"]["secret_id"]

    api.login(bao.socket, "signer", secret_id)

    with pytest.raises(api.BaoError):
        api.login(bao.socket, "signer", secret_id)


def test_the_tcp_listener_serves_metrics_to_tokens_and_nothing_else(bao):
    answer = subprocess.run(
        [sys.executable, "-c", _GET, str(bao.files.layout.openbao_port)], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["404", "403"]


_GET = """
import ssl, sys, urllib.error, urllib.request
for path in ("transit/wrapping_key", "sys/metrics"):
    try:
        context = ssl._create_unverified_context()
        answer = urllib.request.urlopen(f"https://127.0.0.1:{sys.argv[1]}/v1/{path}", context=context)
        print(answer.status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def test_keys_survive_a_restart_and_a_kill(var):
    with EmbeddedBao(var) as bao:
        api.demand(bao.socket, "POST", "transit/keys/acct-kept", token=login(bao, "intake"), body={"type": "ed25519"})
        signature = sign(bao, signer(bao))
        bao.stop(signal.SIGKILL)
        assert bao.socket.exists(), "a killed server leaves its socket behind"

        bao.start()
        assert sign(bao, signer(bao)) == signature
        bao.stop()

        bao.start()
        assert sign(bao, signer(bao)) == signature


def test_a_changed_policy_reaches_a_vault_that_exists(var, monkeypatch, tmp_path):
    with EmbeddedBao(var) as bao:
        changed = tmp_path / "policies"
        changed.mkdir()
        for policy in config.POLICIES.iterdir():
            (changed / policy.name).write_text(policy.read_text())
        with (changed / "signer.hcl").open("a") as file:
            file.write('path "transit/random/*" { capabilities = ["update"] }\n')
        assert api.call(bao.socket, "POST", "transit/random/8", token=signer(bao), body={})[0] == 403

        monkeypatch.setattr(config, "POLICIES", changed)
        assert setup.is_ready(bao.files)

        assert api.call(bao.socket, "POST", "transit/random/8", token=signer(bao), body={})[0] == 200
        assert upgrade.root_accessors(bao.files, login(bao, "provisioner")) == []


@pytest.mark.parametrize(("spoil", "words"), [("chmod", "can be read by others"), ("shorten", "must be 32 bytes")])
def test_a_bad_seal_key_is_refused(var, spoil, words):
    bao = EmbeddedBao(var)
    bao.files.prepare()
    if spoil == "chmod":
        bao.files.seal_key.chmod(0o644)
    else:
        bao.files.seal_key.write_bytes(b"short")

    with pytest.raises(Problem, match=words):
        bao.start()


def test_a_lost_seal_key_is_not_replaced(var):
    bao = EmbeddedBao(var)
    bao.files.prepare()
    bao.files.initialised.write_text("")
    bao.files.seal_key.unlink()

    with pytest.raises(Problem, match="is missing"):
        bao.start()


def test_a_first_start_that_broke_off_is_begun_anew(var):
    bao = EmbeddedBao(var, patience=20)
    bao.files.prepare()
    policies = config.self_init(secret_ids={})
    conf = bao.files.home / "conf" / "20-self-init.hcl"
    # As if the server had been killed half way: it has data and no roles.
    broken = policies.split("  request", 3)
    conf.write_text("  request".join(broken[:3]) + "}\n")
    half_done = subprocess.Popen(bao.files.argv(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: api.health(bao.socket) == api.OK)
    half_done.kill()
    half_done.wait()

    bao._patience = 3
    with pytest.raises(Problem):
        bao._start_once()
    assert bao.files.set_aside_unfinished()
    bao._patience = 20
    with bao:
        assert signer(bao)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_command_runs_it_until_its_input_closes(var):
    command = [sys.executable, "-m", "botplatform.supervisor"]
    with subprocess.Popen(
        [*command, "openbao", "--var", str(var)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline() == "ready\n"
        wrapped = subprocess.run(
            [*command, "wrap-signer", "--var", str(var)], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        socket = var / "run" / "bao.sock"
        assert api.call(socket, "POST", "sys/wrapping/unwrap", token=wrapped, body={})[0] == 200
        second = subprocess.run(
            [*command, "openbao", "--var", str(var)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert "already runs" in second.stderr
        running.stdin.close()
        assert running.wait(60) == 0


def test_a_wrapping_token_is_not_shown_on_a_screen(var):
    screen, end = os.openpty()
    answer = subprocess.run(
        [sys.executable, "-m", "botplatform.supervisor", "wrap-signer", "--var", str(var)],
        cwd=ROOT,
        stdout=end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(end)
    os.close(screen)

    assert answer.returncode == 1
    assert "not for a screen" in answer.stderr
