# What deploy/ has for Kubernetes, read by kubectl.

setup() { load ../Support/helpers; }

need_kubectl() {
    command -v kubectl >/dev/null || skip "there is no kubectl here"
    /usr/bin/python3 -c 'import yaml' 2>/dev/null || skip "there is no python3-yaml here"
}

# keeps FILE: kubectl knows the kind of each object in FILE, and has all that the file says of it. Of
# what it does not know it keeps nothing.
keeps() {
    kubectl annotate --local --dry-run=client -f "$root/deploy/$1" a=b -o json \
        >"$BATS_TEST_TMPDIR/kept.json"
    /usr/bin/python3 - "$root/deploy/$1" "$BATS_TEST_TMPDIR/kept.json" <<'END'
import json, sys, yaml
def missing(given, kept, path):
    if isinstance(given, dict):
        for key, value in given.items():
            assert isinstance(kept, dict) and key in kept, f"{path}.{key} is not Kubernetes'"
            missing(value, kept[key], f"{path}.{key}")
    elif isinstance(given, list):
        assert isinstance(kept, list) and len(kept) == len(given), path
        for index, value in enumerate(given):
            missing(value, kept[index], f"{path}[{index}]")
    else:
        assert str(given) == str(kept), f"{path}: {given}, {kept}"
missing(yaml.safe_load(open(sys.argv[1])), json.load(open(sys.argv[2])), "")
END
}

@test "kubectl knows all that the RuntimeClass and the Deployment say" {
    need_kubectl
    keeps runtimeclass.yaml
    keeps deployment.yaml
}

@test "the pods of the Deployment name the RuntimeClass" {
    name=$(sed -n 's/^  name: //p' "$root/deploy/runtimeclass.yaml")
    grep -q "runtimeClassName: $name$" "$root/deploy/deployment.yaml"
    grep -q "runtimes.$name\]" "$root/deploy/containerd.toml"
    grep -q "runtimes.$name\]" "$root/deploy/crio.conf"
}

@test "the KubeVirt machine has the command line and the files that hammock build makes" {
    mkdir -p "$BATS_TEST_TMPDIR/root"
    python3 "$root/Tests/Support/oci.py" "$BATS_TEST_TMPDIR/site" latest '{"Cmd": ["x"]}' \
        "$BATS_TEST_TMPDIR/root"
    "$root/scripts/hammock" build "$BATS_TEST_TMPDIR/site" --as kernelboot --ip dhcp --name site \
        -o "$BATS_TEST_TMPDIR/out"
    grep -qxF "        kernelArgs: $(cat "$BATS_TEST_TMPDIR/out/cmdline")" "$root/deploy/kubevirt.yaml"
    sed -nE 's/^ +(kernel|initrd)Path: //p' "$root/deploy/kubevirt.yaml" | while read -r path; do
        for blob in "$BATS_TEST_TMPDIR"/out/kernel-image/blobs/sha256/*; do
            tar -tf "$blob" 2>/dev/null || true
        done | grep -qx "${path#/}"
    done
}

@test "who makes a pod names no file of the node's" {
    for file in containerd.toml crio.conf; do
        run grep annotations "$root/deploy/$file"
        expect_status 0
        for line in "${lines[@]}"; do
            [ "${line#*= }" = '["io.hammock.memory", "io.hammock.cpus"]' ]
        done
    done
}
