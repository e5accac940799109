# For the tests of images; a file of tests loads it after helpers. Each test sets `name`, for the
# files that are made.
# shellcheck shell=bash disable=SC2154 # what helpers.bash and the tests set

build() { run "$root/scripts/build-image.sh" --output "$name" "$@"; }

# in_image COMMAND: prints what debugfs answers to COMMAND about the image.
in_image() { debugfs -R "$1" "$name.img" 2>/dev/null; }

# modes_in_image PATH...: of each its mode and its owners.
modes_in_image() {
    local path
    for path; do
        in_image "stat \"$path\"" | awk -v path="$path" '
            /^Inode:/ { sub(/.*Mode: */, ""); mode = $1 }
            /^User:/ { print path, mode, $2, $4 }'
    done
}

# other_checkout: in BATS_TEST_TMPDIR, for a user who is not root. Sets `checkout`.
other_checkout() {
    checkout=$BATS_TEST_TMPDIR/checkout
    mkdir -p "$checkout/out"
    cp -R "$root/scripts" "$root/toolchain" "$checkout/"
    cp "$out/init" "$checkout/init"
    [ "$(id -u)" -ne 0 ] || { chmod 755 "$BATS_RUN_TMPDIR"; chown -R 65534:65534 "$checkout"; }
}

# without COMMAND...: sets `tools`, a PATH on which these are missing.
without() {
    tools=$BATS_TEST_TMPDIR/tools.$1
    mkdir "$tools"
    ln -s /usr/bin/* "$tools/"
    (cd "$tools" && rm -f "$@")
}

# build_as_user OPTIONS...: in the other checkout.
build_as_user() {
    local as_user=()
    [ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    name=$checkout/out/disk
    PATH=$tools run "${as_user[@]}" env HOME="$checkout" "$checkout/scripts/build-image.sh" \
        --init "$checkout/init" --hammock "$checkout/init" --output "$name" "$@"
}
