"""A mail server for tests: server.py PORT MODE CERT KEY DIR. MODE is none, starttls or tls.

It takes mails for anybody but refused@ (for ever) and later@ (the first time), and writes each into a file of DIR, behind a
line with its recipients. The user is logcenter, the password pa55word; behind TLS nobody else may send.
"""

import asyncio
import itertools
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, mode, cert, key, folder = int(sys.argv[1]), *sys.argv[2:]
numbers = itertools.count()
waited = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 no such user"
        if address.startswith("later@") and address not in waited:
            waited.add(address)
            return "451 4.7.1 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = os.path.join(folder, "%03d.eml" % next(numbers))
        with open(name + ".part", "wb") as f:
            f.write(",".join(envelope.rcpt_tos).encode() + b"\n" + envelope.content)
        os.rename(name + ".part", name)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"logcenter" and data.password == b"pa55word", handled=False)


async def main():
    context = None
    if mode != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)

    def session():
        return SMTP(
            Handler(),
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            authenticator=authenticate,
            auth_required=mode != "none",
            auth_require_tls=mode == "starttls",
            hostname="mail.test",
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", port, ssl=context if mode == "tls" else None)
    await server.serve_forever()


asyncio.run(main())
