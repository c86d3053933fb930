"""validate.py SCHEMA PROFILES: one line of JSON with a TOML text in, one line with the verdict out.

The verdict is "accepted", "not TOML", or what the schema has against it.
"""

import json
import sys
import tomllib

import jsonschema

with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

with open(sys.argv[2]) as profiles:
    for line in profiles:
        try:
            profile = tomllib.loads(json.loads(line))
        except tomllib.TOMLDecodeError:
            print("not TOML")
            continue
        error = next(validator.iter_errors(profile), None)
        if error is None:
            print("accepted")
        else:
            path = "/".join(str(part) for part in error.absolute_path)
            print(f"{path}: {error.message}".replace("\n", " "))
