"""A command deletes, overwrites or opens more than anybody wants, or skips a check.

Devin runs the commands of a note as they are. Name the directory that can go, push to a branch of
your own, give the rights that are needed, and trust the certificate instead of all. A command that
the text forbids is not reported.

Fails:

    knowledge/setup.md
    ---
    name: Setup
    trigger: When setting up the shop
    ---
    If the upload fails, run `chmod -R 777 uploads`.

Passes:

    knowledge/setup.md
    ---
    name: Setup
    trigger: When setting up the shop
    ---
    If the upload fails, run `chmod -R u+w uploads`. Never run `chmod 777`.
"""

from __future__ import annotations

import re

from devinops.lint.markdown import line_around
from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.lint.rules._warnings import is_warned_of
from devinops.model.patterns import LazyPattern

_HOME = r"(?:~|\$HOME|\$\{HOME\}|/(?:etc|usr|var|home|root|boot|opt)?)"
_WHOLE = rf"[\"']?{_HOME}(?:(?<!/)/)?\*?[\"']?(?![\w.*/$-])"
_DELETES = (
    r"(?<!;[ ])rm\s+(?=[^\n;|&]{0,60}(?:-\w*[rR]|--(?:recursive|no-pre)))"
    rf"(?:-[-\w]+\s+){{1,6}}{_WHOLE}"
)
_FORCE = r"(?:--force(?![\w-])|-\w{0,9}f\w{0,9})"
_OVERWRITES = (
    rf"git\s+push\b(?=[^\n;|&`]{{0,80}}\s(?:{_FORCE}|\+))[^\n;|&`]{{0,80}}?"
    rf"\s\+?(?:[\w./-]{{0,80}}[:/])?(?:main|master)(?![\w./-])(?:[^\n;|&`]{{0,40}}\s{_FORCE})?"
    r"|(?:^|(?<=[-*.:;,>]\s)|(?<=\s(?:and|can|may)\s)|(?<=\sto\s)|(?<=\sthen\s))[Ff]orce[- ][Pp]ush"
    r"\s+(?:[^\s.;]+\s+){0,5}?(?:to|on|onto|over)\s+(?:the\s+)?[`\"'*]{0,2}(?:main|master)\b"
    r"(?!\W{0,3}(?:is|are|must|should|will|requires?|fails?)\b)"
)
_SKIPS = (
    r"(?:git\s+(?:commit|push|merge|rebase|cherry-pick)\b[^\n;|`]{0,120}?\s"
    r"|(?:[Uu]se|[Aa]dd|[Pp]ass|[Aa]ppend|[Tt]ry|[Ww]ith|[Rr]un|[Rr]etry)\s+(?:\w+\s+){0,3}?[`\"']?)"
    r"--no-verify\b(?!-)"
)
_OPENS = r"chmod\s+(?:--?\w+\s+){0,4}(?:[0-7]?[0-7]?777|(?:a|u?go|augo)?\+rwx)\b"
_TRUSTS = (
    r"curl\s(?=[^\n|;]{0,200}(?:://|\$))(?:[^\n|;]{0,200}\s)?"
    r"(?:-[a-zA-Z]{0,9}k[a-zA-Z]{0,9}|--(?:proxy-)?insecure)(?=\s|$|`)[^\n|;`]{0,150}"
    r"|(?<=--)(?:no-check-certificate|no-verify-ssl|insecure-skip-tls-verify(?!=false))\b"
    r"|(?:requests|httpx|[Ss]ession|[Cc]lient)\b[^\n]{0,200}?\bverify\s*=\s*False\b"
    r"|(?<!-)verify\s*=\s*False,?[ \t]*(?:#[^\n]*)?$|_create_unverified_context\b"
    r"|(?:NODE_TLS_REJECT_UNAUTHORIZED|rejectUnauthorized|sslVerify|strict-ssl|PYTHONHTTPSVERIFY"
    r"|CURLOPT_SSL_VERIFY(?:PEER|HOST))[\s\"'=:,]{1,6}(?:0|[Ff]alse|off|no)\b"
    r"|(?:GIT_SSL_NO_VERIFY|InsecureSkipVerify)\W{0,3}(?:1|[Tt]rue|yes)\b"
)
_DANGERS = {
    "deletes": (_DELETES, "deletes a home or a whole machine: name the directory that can go"),
    "overwrites": (_OVERWRITES, "overwrites what others did: open a pull request from a branch"),
    "skips": (_SKIPS, "skips the hooks that check a commit: correct what they find"),
    "opens": (_OPENS, "lets everybody write: give the rights that are needed"),
    "trusts": (_TRUSTS, "turns off the check of certificates: trust the one that is missing"),
}
"""A command → what it does, and what to do instead."""

_COMMAND = LazyPattern(
    rf"\b(?:{'|'.join(f'(?P<{does}>{command})' for does, (command, _) in _DANGERS.items())})",
    re.MULTILINE,
    hints=(
        *("rm -", "git push", "force push", "force-push", "--no-verify", "chmod", "curl", "-ssl"),
        *("--no-check-c", "insecure", "verify=", "verify =", "sslverify", "_verify", "httpsverify"),
        *("reject", "unverified"),
    ),
)
_LOCAL = LazyPattern(r"localhost|127\.0\.0\.1|\[::1\]|\.(?:local|test)\b|:6443\b")
"""Machines whose certificate nobody signs."""

_SPOKEN_OF = LazyPattern(
    r"\b(?:den(?:y|ie[ds])|disallow\w*|block\w*\b(?!\s+you\b)|prevent\w*|guard\w*|destructive|dangerous|contain\w*"
    r"|catastroph\w*|e\.g\.|such\s+as|never|forbid\w*|prohibit\w*|detect\w*|approval|confirm\w*)\b|❌",
    re.IGNORECASE,
)
"""Words in the line of a command that only speaks of it."""


def check(subject: Subject, _: Context) -> Findings:
    for match in _COMMAND.finditer(subject.text):
        line = line_around(subject.text, match.start())
        if _LOCAL.search(match[0]) or _SPOKEN_OF.search(line):
            continue
        if not is_warned_of(subject.markdown, match.start()):
            message = f"`{' '.join(match[0].split())}` {_DANGERS[match.lastgroup or ''][1]}"
            yield subject.in_text(message, match.start(), len(match[0]))


RULE = Rule("DV308", "dangerous-command", entry=check, security="8.0")
