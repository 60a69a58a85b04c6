"""A labeled set for the secret detector: lines with a secret, and lines that only look like it.

Secrets are generated, so no file has one, and no push protection takes this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Iterator, Mapping

_SEED = 20261102
_CHANCE = random.Random(_SEED)
LETTERS = string.ascii_letters
DIGITS = string.digits


def _some(characters: str, size: int) -> str:
    return "".join(_CHANCE.choices(characters, k=size))


def word(size: int) -> str:
    """Return letters and digits."""
    return _some(LETTERS + DIGITS, size)


def lower(size: int) -> str:
    return _some(string.ascii_lowercase + DIGITS, size)


def upper(size: int) -> str:
    return _some(string.ascii_uppercase + DIGITS, size)


def hexadecimal(size: int) -> str:
    return _some("0123456789abcdef", size)


def base32(size: int) -> str:
    return _some(string.ascii_uppercase + "234567", size)


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt() -> str:
    head = _encoded({"alg": "HS256", "typ": "JWT"})
    return f"{head}.{_encoded({'sub': word(12), 'iat': 1790000000})}.{word(43)}"


def private_key() -> str:
    lines = "\n".join(word(64) for _ in range(20))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"


def mixed() -> str:
    """Return a password that no name in code looks like."""
    kinds = (string.ascii_uppercase, string.ascii_lowercase, DIGITS) * 5
    return "".join(_some(kind, 1) for kind in kinds)


def secrets() -> dict[str, tuple[str, str]]:
    """Return title → (text, secret in it), the same in every test."""
    _CHANCE.seed(_SEED)
    return {title: (text.replace("SECRET", value), value) for title, text, value in _secrets()}


def _secrets() -> Iterator[tuple[str, str, str]]:
    yield "GitHub token", "export GITHUB_TOKEN=SECRET", f"ghp_{word(36)}"
    yield "GitHub token in prose", "The bot uses SECRET to push.", f"ghp_{word(36)}"
    yield "GitHub token in a URL", "git clone https://SECRET@github.com/acme/api", f"gho_{word(36)}"
    yield "fine-grained GitHub token", "token: SECRET", f"github_pat_{word(22)}_{word(59)}"
    yield "GitLab token", "curl -H 'PRIVATE-TOKEN: SECRET' https://gitlab.com", f"glpat-{word(20)}"
    yield "AWS access key", "aws_access_key_id = SECRET", f"AKIA{base32(16)}"
    yield (
        "AWS secret key",
        f"aws_access_key_id = AKIA{base32(16)}\naws_secret_access_key = SECRET",
        word(40),
    )
    yield (
        "Slack token",
        "SLACK_TOKEN=SECRET",
        f"xoxb-{_some(DIGITS, 12)}-{_some(DIGITS, 13)}-{word(24)}",
    )
    yield (
        "Slack webhook",
        "Post to SECRET.",
        f"https://hooks.slack.com/services/T{upper(9)}/B{upper(9)}/{word(24)}",
    )
    yield "Stripe key", "stripe.api_key = 'SECRET'", f"sk_live_{word(24)}"
    yield "Google API key", "key=SECRET", f"AIza{word(35)}"
    yield "OpenAI key", "OPENAI_API_KEY=SECRET", f"sk-proj-{word(58)}T3BlbkFJ{word(58)}"
    yield "Anthropic key", "ANTHROPIC_API_KEY=SECRET", f"sk-ant-api03-{word(93)}AA"
    yield "npm token", "//npm.acme.dev/:_authToken=SECRET", f"npm_{word(36)}"
    yield "PyPI token", "password = SECRET", f"pypi-AgEIcHlwaS5vcmc{word(80)}"
    yield "SendGrid key", "SENDGRID_API_KEY=SECRET", f"SG.{word(22)}.{word(43)}"
    yield "Hugging Face token", "HF_TOKEN=SECRET", f"hf_{_some(LETTERS, 34)}"
    yield "DigitalOcean token", "doctl auth init -t SECRET", f"dop_v1_{hexadecimal(64)}"
    yield "Databricks token", "DATABRICKS_TOKEN=SECRET", f"dapi{hexadecimal(32)}"
    yield "Shopify token", "X-Shopify-Access-Token: SECRET", f"shpat_{hexadecimal(32)}"
    yield "Linear key", "LINEAR_API_KEY=SECRET", f"lin_api_{word(40)}"
    yield "Vault token", "VAULT_TOKEN=SECRET", f"hvs.{word(95)}"
    yield "Docker token", "docker login -u acme -p SECRET", f"dckr_pat_{word(27)}"
    yield "Grafana token", "GRAFANA_TOKEN=SECRET", f"glsa_{word(32)}_{hexadecimal(8)}"
    yield "Postman key", "POSTMAN_API_KEY=SECRET", f"PMAK-{hexadecimal(24)}-{hexadecimal(34)}"
    yield "Telegram token", "TELEGRAM_TOKEN=SECRET", f"{_some('123456789', 9)}:AA{word(33)}"
    yield "Devin key", "DEVIN_API_KEY=SECRET", f"apk_user_{word(40)}"
    yield "Devin service key", "Authorization: Bearer SECRET", f"cog_{lower(52)}"
    yield "private key", "Use this:\n\nSECRET", private_key()
    yield "JWT", "Authorization: Bearer SECRET", jwt()
    yield "password in YAML", "password: SECRET", f"{word(9)}!{word(7)}"
    yield "password in code", 'db_password = "SECRET"', f"{word(10)}#{word(8)}"
    yield "API key in JSON", '{"api_key": "SECRET"}', word(32)
    yield "password in bold", "- **Password:** SECRET", word(16)
    yield "password as code", "- **Password**: `SECRET`", f"{word(9)}*{word(7)}7"
    yield "API key in bold", "**API key:** `SECRET`", word(24)
    yield "password in a table", "| DB password | SECRET |", word(16)
    yield "password as an option", "mysql --user shop --password SECRET", word(16)
    yield "abbreviated password", "SHOP_DB_PASS=SECRET", word(16)
    yield "opaque token in a header", "curl -H 'Authorization: Bearer SECRET'", hexadecimal(36)
    yield "Hugging Face token of letters", "Use SECRET for it.", f"hf_{_some(LETTERS, 34)}"
    yield "password with dots", "password: SECRET", f"{word(5)}7.{word(4)}8x.{word(4)}"
    yield "client secret", 'client_secret: "SECRET"', word(40)
    yield "password in a URL", "DATABASE_URL=postgres://app:SECRET@db.acme.io/app", word(18)
    yield "basic authentication", "curl -u admin:SECRET https://acme.io", f"{word(8)}9{word(9)}"
    yield "password after a dash", "- **Password** — `SECRET`", mixed()
    yield "password after a hyphen", "- **Password** - `SECRET`", mixed()
    yield "password after a short dash", "Password – SECRET", mixed()
    yield "password in HTML", "password: <b>SECRET</b>", mixed()
    yield (
        "password as code in HTML",
        "the password is <code>SECRET</code>.",
        mixed(),
    )
    yield "password after :=", "password := SECRET", mixed()
    yield "password after an arrow", "password => 'SECRET'", mixed()


NOT_SECRETS: Mapping[str, str] = {
    "placeholder in angle brackets": "export GITHUB_TOKEN=<your-token>",
    "placeholder of x": "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "placeholder of stars": "password: ************",
    "placeholder in capitals": 'api_key = "YOUR_API_KEY_HERE"',
    "placeholder in words": 'password = "your-password-here"',
    "changeme": 'DB_PASSWORD: "changeme123"',
    "ellipsis": "OPENAI_API_KEY=sk-...",
    "ellipsis inside": "sk-ant-api03-abc...xyz",
    "variable of a shell": 'curl -H "Authorization: Bearer $API_TOKEN"',
    "variable with braces": "password: ${DB_PASSWORD}",
    "variable in a template": "token: {{ .Values.token }}",
    "expression of Actions": "token: ${{ secrets.GITHUB_TOKEN }}",
    "call": "token = get_token(user_id)",
    "environment in Python": 'api_key = os.environ["API_KEY"]',
    "environment in JavaScript": "const apiKey = process.env.STRIPE_SECRET_KEY;",
    "type": "password: string;",
    "parameter": "def login(user: str, password: str) -> Token:",
    "schema": '{"password": {"type": "string", "minLength": 12}}',
    "example of AWS": "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "example secret of AWS": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "example host": "postgres://user:password@localhost:5432/app",
    "expression": "password: /[A-Z]+[a-z]+[0-9]+.{6}/",
    "expression in a command": 'grep -E "password=[A-Z][a-z0-9]{6,}" app.log',
    "MD5": "etag: 9e107d9d372bb6826bd81d3542a419d6",
    "SHA-1 of a commit": "uses: actions/checkout@b4ffde65f46336ab88eb53be808477a3936bae11",
    "SHA-256": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "SHA-256 of a package": "--hash=sha256:d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
    "integrity": "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "UUID": "tenant_id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "UUID as a key": 'key: "3f2504e0-4f89-41d3-9a0c-0305e82c3301"',
    "picture": "![x](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)",
    "version": "image: ghcr.io/acme/api:2026.11.02-3f2504e0",
    "identifier in code": "const passwordResetTokenExpirationInMinutes = 30;",
    "long path": "The token is read in src/authentication/providers/tokenStorageProvider.ts.",
    "reference to a secret": "secretKeyRef: {name: database-credentials, key: password}",
    "ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf",
    "question": "Which password policy applies? At least 12 characters.",
    "name in code after a dash": "The token — see `getUserById2Fast` — expires.",
    "range": "password - 8-64 characters, 1 digit",
    "name in code after :=": "secret := newSecretV2(ctx)",
    "name in code after an arrow": "tokens.map(token => parseTokenV2(token))",
    "name in HTML": "the password is <code>users.passwordHash2</code>",
    "prose": "Never write a password, API key or token into a file.",
    "prefix": "Tokens begin with ghp_, github_pat_ or glpat-.",
    "public key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl maria@acme",
    "header of a key": "Files with `-----BEGIN CERTIFICATE-----` are public.",
    "publishable key": "STRIPE_KEY=pk_test_TYooMQauvdEDq54NiTphI7jx",
    "color": "token('color.primary', '#1f2937')",
    "session id in a log": "request_id=req_8f14e45fceea167a5a36dedd4bea2543",
    "test password": 'client.login(username="test", password="test")',
    "fake token": 'headers = {"Authorization": "Bearer test-token"}',
    "URL with an id": "https://docs.google.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit",
    "Kubernetes": "kubectl create secret generic db --from-literal=password=$(openssl rand -base64 32)",
    "resource of Terraform": "password = random_password.db.result",
    "data of Terraform": "password = aws_secretsmanager_secret_version.db.secret_string",
    "class in code": "password = serializers.CharField",
    "field of a request": "password: req.body.currentPassword",
    "field of a user": "password: user.hashedPassword",
    "function in code": "user.password = PasswordHasher.hash",
    "rule about a password": "password: min_length_12_chars",
    "command": "Set password: `kubectl get secret billing-db -o jsonpath`",
    "place in 1Password": "DB_PASSWORD=op://Shop/db/password",
    "place in Vault": "password: vault:kv/shop/db#password",
    "place in Secret Manager": 'password = "projects/acme/secrets/db-password/versions/latest"',
    "name of an entry in a vault": "**Password:** see-vault-entry-42",
    "client id": "AUTH0_CLIENT_ID=kJ8sQ2mX9vR4tY7wZ1nB5cD3fG6hL0pA",
    "live publishable key": "STRIPE_KEY=pk_live_51H8aZk2Qw9XcVbNm3RtYuIoP",
    "project key of PostHog": "POSTHOG_KEY=phc_Qm8ZtX4kP2vR9nL5wY7bJ3cD6fH1sA0gT",
    "address of a contract": "tokenAddress: 0xdAC17F958D2ee523a2206206994597C13D831ec7",
    "key of a cache": "cache-key: npm-9e107d9d37b2bb6826bd81d35f2a419d6af0cde1",
    "hash as a key": "key: 9e107d9d37b2bb6826bd81d35f2a419d6af0cde1",
    "example of Stripe": f"STRIPE_KEY=sk_test_{'4eC39HqLyjWDarjtT1zdp7dc'}",
    "head of a table": "| Password | Description |",
    "type in a table": "| `token` | `string` |",
    "variable in bold": "- **Token:** `SLACK_BOT_TOKEN`",
    "rule in bold": "**Password**: at least 12 characters",
    "file as an option": "vault login --token file.json",
    "GraphQL": 'mutation { createToken(input: {name: "ci"}) { token } }',
}
"""Title → text."""
