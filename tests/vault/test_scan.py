"""The scanner finds what is there, in memory and in files, in every form."""

import base64
import os
import subprocess
import sys

import pytest

from tests.support.scan import forms, scan

SECRET = "kq8+Zx/v2LwPd7Rt9Yb4Nc6Mh1Gj3Fs5"


@pytest.mark.parametrize("form", forms(SECRET))
def test_each_form_is_found_in_a_file(tmp_path, form):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/log").write_bytes(b"before " * 1000 + forms(SECRET)[form] + b" after")
    assert form in [finding.form for finding in scan(SECRET, folders=[tmp_path])]


@pytest.mark.parametrize("before", ["", "a", "ab", '{"secret": "'])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_wherever_the_secret_stands_in_it(tmp_path, before, encode):
    (tmp_path / "log").write_bytes(encode(f"{before}{SECRET} and more".encode()))
    assert scan(SECRET, folders=[tmp_path])


def test_what_lies_across_two_pieces_of_a_file_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.support.scan._PIECE", 64)
    (tmp_path / "log").write_bytes(b"x" * 50 + SECRET.encode() + b"y" * 100)
    assert scan(SECRET, folders=[tmp_path])


def test_what_is_not_there_is_not_found(tmp_path):
    (tmp_path / "log").write_bytes(SECRET[:-1].encode() + SECRET[1:].encode())
    assert scan(SECRET, folders=[tmp_path]) == []


def test_a_secret_in_a_processs_memory_is_found(tmp_path):
    if os.geteuid() != 0 and sys.platform != "linux":
        pytest.skip("needs to read another process's memory")
    holder = "import sys; kept = bytes.fromhex(sys.stdin.readline()); print('ready', flush=True); sys.stdin.read()"
    for name, form in forms(SECRET).items():
        with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(form.hex().encode() + b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"ready\n"
            found = scan(SECRET, pids=[process.pid])
            process.stdin.close()
            process.wait(60)
        assert name in [finding.form for finding in found]
