# boot.sh --instructions: a measure that does not depend on the host's other work.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_FILE_TMPDIR/disk"
}

setup() {
    load ../Support/helpers
    # Even a very slow machine needs less than this; only a hang takes longer.
    export patience=600
}

# count ARGUMENT...: sets `instructions`.
count() {
    run "$root/scripts/boot.sh" --instructions --timeout "$patience" "$@"
    expect_status 0
    [[ $output =~ greeting\ after\ ([0-9]+)\ instructions ]]
    instructions=${BASH_REMATCH[1]}
}

@test "two boots of a machine run the same number of instructions, within one percent" {
    local machine first
    for machine in microvm pc; do
        count --machine "$machine" --image "$BATS_FILE_TMPDIR/disk.img"
        first=$instructions
        count --machine "$machine" --image "$BATS_FILE_TMPDIR/disk.img"
        [ $((instructions - first)) -le $((first / 100)) ]
        [ $((first - instructions)) -le $((first / 100)) ]
    done
}

@test "boot.sh --instructions counts more if init does more" {
    count --initramfs "$BATS_FILE_TMPDIR/disk.cpio"
    local without=$instructions
    musl-gcc -Os -static -s -x c -o "$BATS_TEST_TMPDIR/busy" - <<'END'
#include <unistd.h>
int main(void) {
    static const char text[] = "Hello, World!\nThis is your friendly init system.\nJust hanging here...\n";
    for (volatile int rounds = 0; rounds < 10000000; rounds++) {}
    write(1, text, sizeof text - 1);
    for (;;) pause();
}
END
    "$root/scripts/build-image.sh" --init "$BATS_TEST_TMPDIR/busy" --size 64M \
        --output "$BATS_TEST_TMPDIR/busy"
    count --initramfs "$BATS_TEST_TMPDIR/busy.cpio"
    # Each round takes at least three instructions.
    [ $((instructions - without)) -gt 25000000 ]
}

@test "counting instructions does not change the image" {
    local before
    before=$(sha256sum <"$BATS_FILE_TMPDIR/disk.img")
    count --image "$BATS_FILE_TMPDIR/disk.img"
    [ "$(sha256sum <"$BATS_FILE_TMPDIR/disk.img")" = "$before" ]
}

@test "on microvm init greets within twenty million instructions" {
    count --image "$BATS_FILE_TMPDIR/disk.img"
    [ "$instructions" -le 20000000 ]
}
