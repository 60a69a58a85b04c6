"""`validate.py DIRECTORY SCHEMA`: read all YAML files with the C loader and validate each."""

import json
import sys
from pathlib import Path

import jsonschema
import yaml

directory, schema_path = sys.argv[1:]
schema = json.loads(Path(schema_path).read_bytes())
validator = jsonschema.validators.validator_for(schema)(schema)
for path in sorted(Path(directory).rglob("*.yaml")):
    document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    if not validator.is_valid(document):
        sys.exit(f"{path}: not valid")
