"""How the platform talks to the signer. Holds a process's own key, never an exchange's."""

from vault.client.client import PagesClient, RunnerClient, WebClient, seal
from vault.client.keyfile import BadKeyFile, KeyFile
from vault.client.lease import LeaseHandle

__all__ = ["BadKeyFile", "KeyFile", "LeaseHandle", "PagesClient", "RunnerClient", "WebClient", "seal"]
