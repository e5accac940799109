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

# prepare_units: fifty unit files, and beside them the same with a plan of them. None of the services
# is to start, so that only their plan is counted.
prepare_units() {
    local number units=$BATS_TEST_TMPDIR/units root_of_units=$BATS_TEST_TMPDIR/root
    mkdir -p "$units" "$root_of_units/etc"
    for number in $(seq -w 50); do
        cat >"$units/s$number.service" <<END
[Unit]
Description=Service $number

[Service]
ExecStart=/init
Restart=always

[X-Hammock]
Start=no
END
    done
    "$root/scripts/build-image.sh" --units "$units" --size 64M --output "$BATS_TEST_TMPDIR/units"
    cp -r "$units" "$root_of_units/etc/hammock"
    cp "$out/init" "$root_of_units/init"
    "$out/hammock" plan --root "$root_of_units" -o "$BATS_TEST_TMPDIR/plan"
    "$root/scripts/build-image.sh" --units "$units" --add "$BATS_TEST_TMPDIR/plan:/etc/hammock/plan" \
        --size 64M --output "$BATS_TEST_TMPDIR/planned"
}

@test "to read fifty unit files takes at most three million instructions" {
    prepare_units
    count --initramfs "$BATS_TEST_TMPDIR/planned.cpio" --append hammock.services
    local planned=$instructions
    count --initramfs "$BATS_TEST_TMPDIR/units.cpio" --append hammock.services
    echo "$((instructions - planned)) more than with a ready plan"
    [ $((instructions - planned)) -le 3000000 ]
    # It is the same machine otherwise.
    [ "$instructions" -gt "$planned" ]
}
