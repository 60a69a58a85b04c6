"""`validate.py DIRECTORY SCHEMA`: read YAML and front matter with the C loader and validate it."""

import json
import sys
from pathlib import Path

import jsonschema
import yaml

directory, schema_path = sys.argv[1:]
schema = json.loads(Path(schema_path).read_bytes())
validator = jsonschema.validators.validator_for(schema)(schema)
for path in sorted(Path(directory).rglob("*.*")):
    data = path.read_bytes()
    written = data.split(b"---\n", 2)[1] if path.suffix == ".md" else data
    document = yaml.load(written, yaml.CSafeLoader)
    if not validator.is_valid(document):
        sys.exit(f"{path}: not valid")
