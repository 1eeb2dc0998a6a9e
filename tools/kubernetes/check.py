"""Validates Kubernetes objects: those of Kubernetes itself by its schemas, a JobSet by that of its definition."""

import io
import pathlib
import sys
import urllib.request
import zipfile

import jsonschema
import kubernetes_validate
import yaml

KUBERNETES = "1.31"
JOBSET = "v0.10.1"
MODULE = f"https://proxy.golang.org/sigs.k8s.io/jobset/@v/{JOBSET}.zip"
DEFINITION = f"sigs.k8s.io/jobset@{JOBSET}/config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml"


def closed(schema):
    """Returns a schema that takes no keys but those it names, as the server does in strict mode."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        schema = [closed(value) for value in schema]
    return schema


def jobset_schema(cache):
    file = cache / f"jobset-{JOBSET}.yaml"
    if not file.exists():
        with urllib.request.urlopen(MODULE) as response:
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
        file.write_bytes(archive.read(DEFINITION))
    definition = yaml.safe_load(file.read_text())
    version = next(v for v in definition["spec"]["versions"] if v["name"] == "v1alpha2")
    schema = version["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {"type": "object"}
    return closed(schema)


def main(folder, cache):
    for file in sorted(pathlib.Path(folder).glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] == "JobSet":
                jsonschema.validate(document, jobset_schema(pathlib.Path(cache)))
                version = f"JobSet {JOBSET}"
            else:
                version = "Kubernetes " + kubernetes_validate.validate(document, KUBERNETES, strict=True)
            print(f"{file.name}: {document['kind']} is valid ({version})")


main(*sys.argv[1:])
