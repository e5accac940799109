"""Makes an OCI layout (image-spec, image-layout.md) for the tests.

    oci.py DIRECTORY TAG CONFIG LAYER...

CONFIG is JSON: the `config` of an image's configuration; a key `architecture` in it goes where it
belongs. A LAYER is a directory, whose files get the owner 0, or a tar file, taken as it is.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile


def blob(directory, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(directory, "blobs", "sha256", digest), "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def tar_of(path):
    if os.path.isfile(path):
        with open(path, "rb") as file:
            return file.read()

    def own(entry):
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(os.listdir(path)):
            tar.add(os.path.join(path, name), name, filter=own)
    return buffer.getvalue()


def main(directory, tag, config, *layers):
    os.makedirs(os.path.join(directory, "blobs", "sha256"), exist_ok=True)
    config = json.loads(config)
    architecture = config.pop("architecture", "amd64")
    described, diff_ids = [], []
    for layer in layers:
        data = tar_of(layer)
        diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
        described.append(
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                **blob(directory, gzip.compress(data, mtime=0)),
            }
        )
    image = {
        "architecture": architecture,
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            **blob(directory, json.dumps(image).encode()),
        },
        "layers": described,
    }
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                **blob(directory, json.dumps(manifest).encode()),
                "annotations": {"org.opencontainers.image.ref.name": tag},
            }
        ],
    }
    for name, content in ("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"}):
        with open(os.path.join(directory, name), "w") as file:
            json.dump(content, file)


main(*sys.argv[1:])
