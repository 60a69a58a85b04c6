"""Where the project has its pages and its repository; `make home` writes other addresses here."""

from typing import Final

SITE: Final = "https://devinops.example"
REPOSITORY: Final = "https://devinops.example/devinops"
