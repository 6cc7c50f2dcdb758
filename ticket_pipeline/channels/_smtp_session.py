"""One connection to a mail server: opened, encrypted and logged in; then one mail after the other.

https://www.rfc-editor.org/rfc/rfc5321 (4.2 replies), https://www.rfc-editor.org/rfc/rfc3207 (STARTTLS),
https://www.rfc-editor.org/rfc/rfc2920 (several commands at once)
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ticket_pipeline.channels._smtp_server import Security, Server
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.message import Fate

_UNAVAILABLE, _GO_ON = 421, 354
#: What comes before a mail, and the answers that let it go on.
_STEPS = (("MAIL", {250}), ("RCPT", {250, 251, 252}), ("DATA", {_GO_ON}))
_NO_RELAY = re.compile(rb"relay", re.IGNORECASE)
#: Authentication required, refused, too weak, encryption required: nothing a single recipient could have caused.
_ABOUT_US = {530, 534, 535, 538}
_ENHANCED = re.compile(rb"^([245]\.\d{1,3}\.\d{1,3})\b")
_WORDS = {
    421: "service_unavailable",
    450: "mailbox_busy",
    451: "local_error",
    452: "insufficient_storage",
    550: "mailbox_unavailable",
    551: "user_not_local",
    552: "mailbox_full",
    553: "mailbox_name_not_allowed",
    554: "transaction_failed",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one mail."""

    fate: Fate
    code: str | None = None
    reason: str | None = None
    #: Nothing more can be sent on this connection.
    over: bool = False
    #: The server refuses us, not the recipient: nobody else need be tried.
    about_us: bool = False


class Session:
    """An open connection."""

    def __init__(self, smtp: smtplib.SMTP, server: Server) -> None:
        """Keep it."""
        self._smtp = smtp
        self._at = server.at
        self._at_once = smtp.has_extn("pipelining")

    @property
    def encrypted(self) -> bool:
        """Whether nobody else can read along."""
        return isinstance(self._smtp.sock, ssl.SSLSocket)

    @property
    def smtputf8(self) -> bool:
        """Whether addresses may have letters beyond ASCII (RFC 6531)."""
        return bool(self._smtp.has_extn("smtputf8"))

    def hand_over(self, sender: str, recipient: str, mail: bytes) -> Answer:
        """Send one mail to one recipient."""
        handed = False
        try:
            refusal = self._announce(sender, recipient)
            if refusal is not None:
                return refusal
            self._smtp.send(mail + b".\r\n")
            handed = True
            return self._judged(*self._smtp.getreply(), handed=True)
        except (smtplib.SMTPException, OSError) as error:
            return self._broken(type(error).__name__, handed=handed)

    def close(self) -> None:
        """Say goodbye, if the other side is still there."""
        try:
            self._smtp.quit()
        except (smtplib.SMTPException, OSError):
            self._smtp.close()

    def _announce(self, sender: str, recipient: str) -> Answer | None:
        """Go up to DATA; None where the mail may follow."""
        utf8 = "" if recipient.isascii() else " SMTPUTF8"
        replies = self._replies(f"MAIL FROM:<{sender}>{utf8}", f"RCPT TO:<{recipient}>", "DATA")
        for (verb, welcome), (code, text) in zip(_STEPS, replies, strict=True):
            if code not in welcome:
                about_us = verb == "MAIL" or (verb == "RCPT" and bool(_NO_RELAY.search(text)))
                if self._at_once and code != _UNAVAILABLE:
                    self._take_back(replies)
                return self._refused(code, text, about_us=about_us and code >= 500)
        return None

    def _replies(self, *commands: str) -> Iterator[tuple[int, bytes]]:
        """Yield the answers; where the server takes several commands at once, a mail needs half the time on the way."""
        lines = [f"{each}\r\n".encode() for each in commands]
        if self._at_once:
            self._smtp.send(b"".join(lines))
        for line in lines:
            if not self._at_once:
                self._smtp.send(line)
            yield self._smtp.getreply()

    def _take_back(self, replies: Iterator[tuple[int, bytes]]) -> None:
        """Hear the answers to what was said too much; a mail that is waited for all the same is an empty one."""
        if _GO_ON in [code for code, _ in replies]:
            self._smtp.send(b".\r\n")
            self._smtp.getreply()

    def _refused(self, code: int, text: bytes, *, about_us: bool = False) -> Answer:
        """Make the connection ready for the next mail, and say what the refusal means."""
        answer = self._judged(code, text, about_us=about_us)
        if answer.over or self._smtp.docmd("RSET")[0] == 250:
            return answer
        return replace(answer, over=True)

    def _judged(self, code: int, text: bytes, *, handed: bool = False, about_us: bool = False) -> Answer:
        """Say what a reply means: 2xx sent, 4xx not now, 5xx never, 421 not on this connection, none: who knows."""
        if not 200 <= code < 600:
            return self._broken("no proper answer", handed=handed)
        if code < 300 and handed:
            return Answer(fate=Fate.SENT)
        enhanced = _ENHANCED.match(text)
        reason = f"{self._at} answered {code}{' ' + enhanced[1].decode() if enhanced else ''}"
        about_us = about_us or code in _ABOUT_US
        fate = Fate.REFUSED if code >= 500 and not about_us else Fate.POSTPONED
        word = _WORDS.get(code, f"smtp_{code}")
        return Answer(fate=fate, code=word, reason=reason, over=code == _UNAVAILABLE, about_us=about_us)

    def _broken(self, how: str, *, handed: bool) -> Answer:
        if handed:
            reason = f"{self._at} did not say whether it took the mail ({how})"
            return Answer(fate=Fate.UNKNOWN, code="cut_off", reason=reason, over=True)
        reason = f"the connection to {self._at} broke before the mail was handed over ({how})"
        return Answer(fate=Fate.POSTPONED, code="connection_lost", reason=reason, over=True)


def open_session(server: Server, security: Security, *, our_name: str) -> Session:
    """Connect, encrypt as declared, log in.

    Raises:
        TransientError: the server cannot be reached, or is unwell.
        ConfigError: it refuses us, its certificate does not hold, or it does not offer what must be.
    """
    try:
        smtp = _connected(server, security, our_name)
    except smtplib.SMTPResponseException as error:
        raise _turned_away(server, error.smtp_code, "the connection") from error
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(server, error) from error
    except ssl.SSLError as error:
        hint = "does it want smtp:// (STARTTLS)?" if server.implicit_tls else "is the port right?"
        raise ConfigError(f"smtp: {server.at} cannot speak TLS with us ({error.reason}); {hint}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(f"smtp: {server.at} cannot be reached ({_cause(error)})") from error
    return Session(smtp, server)


def _connected(server: Server, security: Security, our_name: str) -> smtplib.SMTP:
    smtp: smtplib.SMTP
    if server.implicit_tls:
        smtp = smtplib.SMTP_SSL(server.host, server.port, our_name, timeout=security.timeout, context=security.context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, our_name, timeout=security.timeout)
    try:
        smtp.ehlo_or_helo_if_needed()
        if not server.implicit_tls:
            _start_tls(smtp, server, security)
        if server.user:
            _log_in(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _start_tls(smtp: smtplib.SMTP, server: Server, security: Security) -> None:
    """Encrypt where it was declared, and where somebody could be in between; never send a password in the open."""
    needed = security.starttls == "always" or (security.starttls == "auto" and not server.local and bool(server.user))
    wanted = needed or (security.starttls == "auto" and not server.local)
    if not wanted:
        return
    if smtp.has_extn("starttls"):
        smtp.starttls(context=security.context)
        smtp.ehlo()
    elif needed:
        raise ConfigError(
            f"smtp: {server.at} offers no STARTTLS; use smtps:// if it has a TLS port, "
            "or declare starttls: never if nobody can listen on the way"
        )


def _log_in(smtp: smtplib.SMTP, server: Server) -> None:
    try:
        smtp.login(server.user or "", server.password or "")
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise TransientError(f"smtp: {server.at} cannot check the password now ({error.smtp_code})") from error
        raise ConfigError(
            f"smtp: {server.at} refuses the user name or password ({error.smtp_code}); correct them in the url"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigError(
            f"smtp: {server.at} takes no password here; try another port, or a url without one"
        ) from error


def _turned_away(server: Server, code: int, what: str) -> TransientError | ConfigError:
    sentence = f"smtp: {server.at} refuses {what} ({code})"
    return ConfigError(f"{sentence}; ask who runs it") if code >= 500 else TransientError(sentence)


def _untrusted(server: Server, error: ssl.SSLCertVerificationError) -> ConfigError:
    return ConfigError(
        f"smtp: the certificate of {server.at} does not hold ({error.verify_message}); "
        "name the host as the certificate does, or declare the ca_file it is signed by"
    )


def _cause(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else None) or type(error).__name__
