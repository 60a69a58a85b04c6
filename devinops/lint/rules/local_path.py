"""The text names a directory of one person's computer.

Devin works on its own machine, where that path does not exist. Use a path from the top of the
repository.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    The tools are in /Users/ada/work/shop/tools.

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    The tools are in tools/ of acme/shop.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject
from devinops.model.patterns import LazyPattern

_USER = "[A-Za-z0-9\u00c0-\u024f._-]+"
_HOME = LazyPattern(
    r"(?<![A-Za-z0-9_.~/\\-])(?:file:/{2,3}|/mnt/[a-z](?=/Users))?"
    rf"(?:(?:/Users/|/home/)({_USER})|[A-Za-z]:(?:\\{{1,2}}|/)Users(?:\\{{1,2}}|/)"
    rf"({_USER}(?:[ ]{_USER}){{0,2}}))(?=[/\\])",
    hints=("/users/", "/home/", "\\users\\"),
)
SHARED = frozenset(
    """actions admin agent airflow all-users app appuser azureuser bar bitnami build builder
    buildkite-agent centos ci circleci coder codespace conda containeradministrator core debian
    default default-user deploy dev developer devin docker ec2-user example fedora foo git
    gitlab-runner gitpod go gradle guest hadoop hdfs hostedtoolcache jboss jenkins jovyan
    linuxbrew mambauser maven me my-user mysql myuser myusername name nginx nixos nobody node
    nonroot opc oracle pi postgres project public pwuser python rails redis root runner
    runneradmin sandbox sbx_user semaphore server service shared site someone spark steam
    teamcity test testuser tomcat ubuntu user user1 username vagrant vcap vscode vsts web www
    www-data xxx you your-name your-username your_name yourname yourusername""".split()
)
"""Users of machines that many people have, such as Devin's own, and users of examples."""

_NEAR = 30
"""Characters before a path that tell what it is."""

_ROUTE = LazyPattern(
    r"\b(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
    r"|(?i:routes?|endpoints?|pages?|urls?|href|redirect\w*|navigat\w*|path=))"
    r"\W{0,4}(?:(?:to|at|is|like)\W{1,3})?$"
)
"""What comes before a path of a web site."""


def check(subject: Subject, _: Context) -> Findings:
    seen: set[str] = set()
    for match in _HOME.finditer(subject.text):
        user = (match[1] or match[2]).lower().replace(" ", "-")
        before = subject.text[max(match.start() - _NEAR, 0) : match.start()]
        if user not in SHARED and user not in seen and not _ROUTE.search(before):
            seen.add(user)
            message = (
                f"{match[0]} is on one person's computer: use a path from the top of the repository"
            )
            yield subject.in_text(message, match.start(), len(match[0]))


RULE = Rule("DV206", "local-path", entry=check)
