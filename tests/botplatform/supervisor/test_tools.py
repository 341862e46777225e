"""The scripts behind the Makefile."""

from __future__ import annotations

import subprocess

import pytest

from botplatform.supervisor.children import ROOT
from tools import check, install, vendor


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([0, 0], 0), ([5, 0], 0), ([0, 5], 0), ([5, 5], 5), ([5], 5), ([1, 0], 1), ([0, 1], 1), ([5, 1], 1), ([4, 1], 4)],
)
def test_two_runs_have_one_exit_code(codes, expected):
    assert check.verdict(codes) == expected


def test_options_reach_both_runs():
    assert check.share(["-k", "name"]) == {
        "vault": ["-k", "name", "tests/vault"],
        "platform": ["-k", "name", "tests", "--ignore=tests/vault"],
    }


def test_a_path_reaches_the_run_that_it_belongs_to():
    own = "tests/botplatform/supervisor/test_tools.py::test_two_runs_have_one_exit_code"

    assert check.share(["-x", own]) == {"vault": None, "platform": ["-x", own]}
    assert check.share(["tests/vault"]) == {"vault": ["tests/vault"], "platform": None}


def test_source_maps_are_not_named_in_what_is_served():
    css = b"a{}\n/*# sourceMappingURL=a.css.map */\n"
    script = b"go();\n//# sourceMappingURL=a.js.map"

    assert vendor.without_source_map(css) == b"a{}\n"
    assert vendor.without_source_map(script) == b"go();\n"


def test_a_missing_npm_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tabler\.min\.css"):
        vendor.copy(tmp_path, tmp_path / "out")


def test_a_step_is_done_once_and_again_when_its_source_changes_or_it_broke_off(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "MAKE", tmp_path)
    source, product, done = tmp_path / "lock", tmp_path / "product", []
    source.write_text("one")

    def act():
        done.append(source.read_text())
        product.touch()

    def broken():
        product.touch()
        raise RuntimeError

    for _ in range(2):
        install.step("toy", [source], act, product)
    source.write_text("two")
    with pytest.raises(RuntimeError):
        install.step("toy", [source], broken, product)
    install.step("toy", [source], act, product)

    assert done == ["one", "two"]


def make(*arguments):
    return subprocess.run(
        ["make", "-n", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_make_run_becomes_the_supervisor():
    assert 'exec .venv/bin/python -m botplatform.supervisor --var "var"' in make("run")
    assert '--var "other" --port "8123"' in make("run", "PORT=8123", "VAR=other")


def test_make_alone_explains_itself():
    shown = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout

    for target in ("run", "test", "check", "lock", "clean", "torture", "bench", "install"):
        assert f"make {target} " in shown


def test_clean_asks_and_never_touches_the_state_folder():
    assert "var" not in make("clean", "YES=1").replace(".venv", "").split("rm -rf")[1].split()


def test_nothing_of_a_registry_stands_in_the_locks():
    for path in (ROOT / "package-lock.json", *ROOT.glob("requirements*.txt"), *ROOT.glob("requirements/*.txt")):
        text = path.read_text()
        assert '"resolved"' not in text
        assert "index-url" not in text
        assert "find-links" not in text
