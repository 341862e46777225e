"""The vault's command line: `python -m vault COMMAND`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import uvloop

from vault import hardening

os.environ["DJANGO_SETTINGS_MODULE"] = "vault.settings"
os.environ["UV_USE_IO_URING"] = "0"  # libuv would have a thread of the kernel poll all the time, for files


_PROGRESS = 0.3  # seconds
_SCOPE = "everything, user:ID, account:ID or bot:ID"


def main() -> None:
    arguments = _parser().parse_args()
    hardening.give_up_core_dumps()
    import django

    django.setup()
    arguments.act(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vault", description="The vault checks, signs and sends orders.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("migrate", help="bring the vault's database up to date").set_defaults(act=_migrate)
    commands.add_parser("init", help="make the token key and the intake key, once").set_defaults(act=_init)
    commands.add_parser(
        "serve", help="run the signer; the key store's wrapping token is one line on standard input"
    ).set_defaults(act=_serve)
    commands.add_parser("pages", help="serve the vault's own pages").set_defaults(act=_pages)
    for kind in ("runner", "web", "pages"):
        command = commands.add_parser(f"enroll-{kind}", help=f"let a {kind} in: make its key where there is none")
        command.add_argument("--key-file", type=Path, required=True, help="its private key, 0600")
        command.set_defaults(act=_enroll, kind=kind)
    commands.add_parser("keys", help="list the runners, webs and pages that were let in").set_defaults(act=_keys)
    withdraw = commands.add_parser("withdraw", help="let one of them in no more, at once")
    withdraw.add_argument("key", help="its id, as `keys` and `enroll-...` print it")
    withdraw.set_defaults(act=_withdraw)
    kill = commands.add_parser("kill", help="stop everything, a user, an account or a bot, at once")
    kill.add_argument("scope", help=_SCOPE)
    kill.add_argument("--opening", action="store_true", help="let exits go on; without it: look-ups and cancels only")
    kill.set_defaults(act=_kill)
    flatten = commands.add_parser("flatten", help="stop a scope and close every position in it, by the signer alone")
    flatten.add_argument("scope", help=_SCOPE)
    flatten.add_argument("--yes", action="store_true", help="do not ask again")
    flatten.set_defaults(act=_flatten)
    unkill = commands.add_parser("unkill", help="lift what was stopped, whoever stopped it")
    unkill.add_argument("scope", help=_SCOPE)
    unkill.set_defaults(act=_unkill)
    code = commands.add_parser("passkey-code", help="let an owner add a passkey without showing one, within 15 minutes")
    code.add_argument("owner", type=UUID, help="the owner's id, as the web's vault page shows it")
    code.set_defaults(act=_passkey_code)
    forget = commands.add_parser("passkeys-forget", help="remove every passkey of an owner who has lost them")
    forget.add_argument("owner", type=UUID)
    forget.set_defaults(act=_passkeys_forget)
    commands.add_parser("recover", help="say go to a signer whose database is older than its head").set_defaults(
        act=_recover
    )
    rotate = commands.add_parser("rotate", help="a new token key or intake key; a signer that runs takes it up")
    rotate.add_argument("what", choices=["token-key", "intake-key"])
    rotate.add_argument(
        "--at-once", action="store_true", help="nothing of the old one counts any more: it may be stolen"
    )
    rotate.set_defaults(act=_rotate)
    at = commands.add_parser("clock", help="compare this machine's clock with the latest time that the signer has seen")
    at.add_argument("--accept", action="store_true", help="this machine's is right; the signer must not run")
    at.set_defaults(act=_clock)
    _audit_parser(commands.add_parser("audit", help="check the audit chain, or take a copy that anybody can check"))
    books = commands.add_parser("ledger", help="recount what the ledger's books say from its orders and trades")
    books.add_argument("what", choices=["verify"])
    books.set_defaults(act=_ledger)
    return parser


def _migrate(_: argparse.Namespace) -> None:
    from django.core.management import call_command
    from django.db import DatabaseError

    from vault.service import history, roles
    from vault.service.rules import NotProtected

    try:
        history.unprotect()
        call_command("migrate", verbosity=0, interactive=False)
        history.protect()
        roles.grant()
    except NotProtected as why:
        _fail(str(why))
    except DatabaseError as why:
        _fail(f"The database could not be brought up to date; on PostgreSQL it takes its owner's role: {why}")


def _init(_: argparse.Namespace) -> None:
    from vault.custody import intake
    from vault.settings import VAULT
    from vault.tokens.tokens import Mint

    Mint.make_key(VAULT.token_key)
    intake.make_key(VAULT.intake_folder)


def _serve(_: argparse.Namespace) -> None:
    from vault.custody.session import BadBootstrap
    from vault.server.serve import AnotherSigner, NoSuchGroup, serve
    from vault.service.rules import NotProtected

    hardening.refuse_to_be_read()
    token = sys.stdin.readline().strip()
    if not token:
        _fail("The signer needs the key store's wrapping token: one line on standard input.")
    try:
        uvloop.run(serve(token))
    except (AnotherSigner, NoSuchGroup, NotProtected) as why:
        _fail(str(why))
    except BadBootstrap as why:
        _fail(f"The key store did not let the signer in: {why}.")
    except FileNotFoundError as why:
        _fail(f"{why.filename} is missing. Run `python -m vault init` first.")
    except PermissionError as why:
        _fail(f"The signer's key cannot be used: {why}")


def _pages(_: argparse.Namespace) -> None:
    from vault.pages.serve import NotEnrolled, serve

    try:
        uvloop.run(serve())
    except NotEnrolled as why:
        _fail(str(why))


def _enroll(arguments: argparse.Namespace) -> None:
    from vault.service import enrol

    try:
        kid = enrol.enrol(arguments.kind, arguments.key_file)
    except (enrol.CannotEnrol, PermissionError) as why:
        _fail(str(why))
    except ValueError:
        _fail(f"{arguments.key_file} is not a key. Remove it: a new one is made in its place.")
    sys.stdout.write(f"{arguments.kind} {kid}\n")


def _keys(_: argparse.Namespace) -> None:
    from vault.service import enrol

    for key in enrol.enrolled():
        until = f", withdrawn {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else ""
        sys.stdout.write(f"{key.id}  {key.kind}, enrolled {key.enrolled_at:%Y-%m-%d %H:%M} UTC{until}\n")


def _withdraw(arguments: argparse.Namespace) -> None:
    from vault.service import enrol

    try:
        key = enrol.withdraw(arguments.key)
    except enrol.NotEnrolled as why:
        _fail(str(why))
    sys.stdout.write(f"The {key.kind}'s key counts no more. Remove its file, and enrol a new one.\n")


def _kill(arguments: argparse.Namespace) -> None:
    from vault.messages.refusals import Refused
    from vault.messages.words import StopLevel
    from vault.service import kills

    level = StopLevel.OPENING if arguments.opening else StopLevel.EVERYTHING
    try:
        answer = kills.kill_from_host(_scope(arguments.scope), level)
    except Refused as why:
        _fail(str(why))
    left = "Exits, cancels and look-ups go on." if arguments.opening else "Only look-ups and cancels go on."
    sys.stdout.write(f"{answer.scope} is stopped. {left}\n")
    if answer.resting:
        sys.stdout.write(f"{answer.resting} orders rest at the exchange and may still trade.\n")


def _flatten(arguments: argparse.Namespace) -> None:
    from vault.messages.refusals import Refused
    from vault.server.serve import signer_runs
    from vault.service import flatten

    scope = _scope(arguments.scope)
    if not arguments.yes:
        sys.stdout.write(f"This stops {scope}, cancels its orders and trades all its positions at the market.\n")
        sys.stdout.write("Write flatten to go on: ")
        sys.stdout.flush()
        if sys.stdin.readline().strip() != "flatten":  # nothing at all where nobody sits before it
            _fail("Nothing was done: that was not `flatten`. Write it, or add --yes.")
    try:
        asked = flatten.ask(scope)
    except Refused as why:
        _fail(str(why))
    sys.stdout.write(f"{scope} is stopped. The signer closes what is in it, and goes on without this command.\n")
    if not signer_runs():
        sys.stdout.write("No signer runs here now: it begins as soon as one is started.\n")
    told = None
    while asked.done_at is None:
        time.sleep(_PROGRESS)
        asked.refresh_from_db()
        if asked.left != told:
            told = asked.left
            sys.stdout.write(f"{told}\n" if told else "")
            sys.stdout.flush()
    sys.stdout.write("Done: " + ("nothing is left.\n" if not asked.left else "what is said above stays.\n"))


def _rotate(arguments: argparse.Namespace) -> None:
    from vault.service import own_keys

    try:
        own_keys.rotate(arguments.what, at_once=arguments.at_once)
    except FileNotFoundError:
        _fail(f"There is no {arguments.what} yet. Run `python -m vault init` first.")
    until = "counts no more" if arguments.at_once else "counts until what was made with it has ended"
    sys.stdout.write(f"There is a new {arguments.what}; the one before {until}.\n")


def _unkill(arguments: argparse.Namespace) -> None:
    from vault.service import kills

    lifted = kills.lift_from_host(_scope(arguments.scope))
    sys.stdout.write(f"{arguments.scope}: {lifted or 'nothing'} lifted.\n")


def _passkey_code(arguments: argparse.Namespace) -> None:
    from vault.service import passkeys

    sys.stdout.write(passkeys.code_from_host(arguments.owner) + "\n")


def _passkeys_forget(arguments: argparse.Namespace) -> None:
    from vault.service import passkeys

    sys.stdout.write(f"{passkeys.forget_from_host(arguments.owner)} passkeys removed.\n")


def _scope(text: str) -> str:
    import msgspec

    from vault.messages.words import KillScope

    try:
        return msgspec.convert(text, KillScope)
    except msgspec.ValidationError:
        _fail(f"{text!r} is no scope: {_SCOPE}.")


def _recover(_: argparse.Namespace) -> None:
    from vault.service import witness

    try:
        body = witness.recover()
    except witness.NothingToRecover as why:
        _fail(str(why))
    kept, found = body["kept"], body["found"]
    sys.stdout.write(
        f"Accepted. The head of {kept['at']} spoke of {kept['audit']['height']} audit entries and"
        f" {kept['ledger']['height']} events of orders; this database had {found['audit']['height']} and"
        f" {found['ledger']['height']}. Whatever was revoked or stopped since then is not known any more:"
        " look at every grant and kill, and revoke again what was. The signer goes on within seconds.\n"
    )


def _clock(arguments: argparse.Namespace) -> None:
    from vault.server.serve import AnotherSigner, alone
    from vault.service import clocks
    from vault.service.standing import WAY_OUT
    from vault.settings import VAULT

    if arguments.accept:
        try:
            with alone(VAULT.state / "signer.lock"):
                found = clocks.accept()
        except AnotherSigner:
            _fail("A signer runs on this vault database. Stop it first.")
        sys.stdout.write(f"Accepted: it is {found.now:%Y-%m-%d %H:%M:%S} UTC. Every lease has ended.\n")
        return
    found = clocks.compare()
    seen = "nothing yet" if found.seen is None else f"{found.seen:%Y-%m-%d %H:%M:%S} UTC"
    sys.stdout.write(f"This machine's clock says {found.now:%Y-%m-%d %H:%M:%S} UTC. The signer has seen {seen}.\n")
    if found.behind:
        sys.stdout.write(f"That is {found.behind:.0f} s behind: set this machine's clock, or wait.\n{WAY_OUT}\n")


def _audit_parser(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(required=True, metavar="verify | export")
    verify = what.add_parser("verify", help="check chain, closings, checkpoints, ledger, grants and kills")
    verify.add_argument("--export", type=Path, help="check this export instead of the database")
    verify.add_argument("--keys", type=Path, help="the checkpoints' public keys; a copy kept elsewhere is the safest")
    verify.add_argument("--head", help="HEIGHT:DIGEST that is known from elsewhere to have been there")
    verify.set_defaults(act=_verify)
    export = what.add_parser("export", help="write the chain and its checkpoints, as JSON lines")
    export.add_argument("file", type=Path)
    export.set_defaults(act=_export)


def _verify(arguments: argparse.Namespace) -> None:
    from vault.service import audits

    try:
        verdict = audits.verify(export=arguments.export, keys=arguments.keys, head=arguments.head)
    except audits.CannotVerify as why:
        _fail(str(why))
    for finding in verdict.findings:
        sys.stderr.write(f"The audit chain breaks at {finding}.\n")
    for sentence in verdict.tables:
        sys.stderr.write(f"{sentence}\n")
    if verdict.findings or verdict.tables:
        raise SystemExit(1)
    sys.stdout.write(
        f"The audit chain holds: {verdict.height} entries, {verdict.checkpoints} checkpoints."
        f" Its head is {verdict.height}:{verdict.digest}\n"
    )


def _export(arguments: argparse.Namespace) -> None:
    from vault.service import audits

    count = audits.export(arguments.file)
    sys.stdout.write(f"{count} lines written to {arguments.file}.\n")


def _ledger(_: argparse.Namespace) -> None:
    from vault.ledger import recount
    from vault.service.database import snapshot

    with snapshot():
        wrong = recount.differences()
    if wrong:
        _fail("\n".join(wrong))
    sys.stdout.write("The books hold: they are what orders and trades come to.\n")


def _fail(sentence: str) -> NoReturn:
    sys.stderr.write(sentence + "\n")
    raise SystemExit(1)


if __name__ == "__main__":
    main()
