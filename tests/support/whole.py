"""The whole product as a person starts it: a clean copy of the project, and `make run` in it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.processes import ROOT, wait_until


def clean_clone():
    """The project as git has it, with what is changed or new in the working tree; none of what was installed."""
    folder = Path(tempfile.mkdtemp(prefix="bp-clone-"))
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


class Whole:
    """`make run` in a terminal of its own: Ctrl-C reaches the whole group, as it does there."""

    def __init__(self, project, port):
        self.project, self.port = project, port
        self.var = project / "var"
        self.process = None
        self.output = project / "terminal.txt"

    def start(self):
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("BOTPLATFORM_", "VAULT_", "DJANGO_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "MAKE"))
        }
        self.began = time.monotonic()
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                ["make", "run", f"PORT={self.port}"],
                cwd=self.project,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def until_healthy(self, seconds):
        """Seconds from the start until the web answered that all is well."""
        wait_until(lambda: self.ended() or self.health().get("ok"), seconds, "a healthy answer")
        assert not self.ended(), self.output.read_text()[-3000:]
        return time.monotonic() - self.began

    def until_web(self, seconds):
        wait_until(lambda: self.ended() or self.health(), seconds, "an answer of the web")
        assert not self.ended(), self.output.read_text()[-3000:]
        return time.monotonic() - self.began

    def ended(self):
        return self.process.poll() is not None

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def health(self):
        """What /healthz says; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=3) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as unwell:
            return json.loads(unwell.read())
        except (OSError, ValueError):
            return {}

    def sign_in(self):
        """User name and password, from the file that only this user can read."""
        words = wait_until(lambda: self._file("sign-in.txt"), what="the sign-in file").split()
        return words[words.index("user") + 1], words[words.index("password") + 1]

    def _file(self, name):
        path = self.var / name
        return path.read_text() if path.exists() else ""

    def ctrl_c(self):
        """Seconds until everything was over."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began

    def left_behind(self):
        """Processes of this installation that still live."""
        mark = f"BOTPLATFORM_VAR={self.var}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ")))
            except OSError:
                continue
        return found

    def manage(self, *argv, feed=None):
        """A command of the installation, as its user would type it."""
        done = subprocess.run(
            [str(self.project / ".venv/bin/python"), "manage.py", *argv],
            cwd=self.project,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "BOTPLATFORM_VAR": str(self.var)},
            input=feed,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
        return done.stdout

    def end(self):
        """Whatever happened, nothing stays."""
        if self.process is not None and not self.ended():
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        for pid, _ in self.left_behind():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.project, ignore_errors=True)
