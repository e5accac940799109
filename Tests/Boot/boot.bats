# The real kernel in qemu.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh"
}

setup() {
    load ../Support/helpers
    # Even a very slow machine needs less than this; only a hang takes longer.
    export patience=120
}

boot() { run "$root/scripts/boot.sh" --timeout "$patience" "$@"; }

expect_greeting() {
    expect_status 0
    [[ $output =~ greeting\ after\ [0-9]+\ ms\ \($1,\ (kvm|tcg)\) ]]
    [[ $output != *'Kernel panic'* ]]
}

# image_with_init NAME: an image whose /init is the C program on standard input.
image_with_init() {
    musl-gcc -Os -static -s -x c -o "$BATS_TEST_TMPDIR/init" -
    "$root/scripts/build-image.sh" --init "$BATS_TEST_TMPDIR/init" --size 64M \
        --output "$BATS_TEST_TMPDIR/$1"
}

@test "on pc init greets, started by the classic command line" {
    boot --check --machine pc
    expect_greeting pc
}

@test "on q35 init greets" {
    boot --check --machine q35
    expect_greeting q35
}

@test "on microvm, the default machine, init greets" {
    boot --check
    expect_greeting microvm
}

@test "from an initramfs instead of a disk, init greets on every machine" {
    local machine
    for machine in pc q35 microvm; do
        boot --check --machine "$machine" --initramfs
        expect_greeting "$machine"
    done
}

@test "boot.sh --accel tcg uses emulation" {
    boot --check --accel tcg
    expect_greeting microvm
    expect_output "microvm, tcg (as told by --accel)"
}

@test "if the machine seems to have KVM but KVM fails, boot.sh uses emulation" {
    # The device opens but is not KVM, and the processor says that it has SVM.
    echo 'flags : svm' >"$BATS_TEST_TMPDIR/cpuinfo"
    HAMMOCK_KVM_DEVICE=/dev/null HAMMOCK_CPUINFO=$BATS_TEST_TMPDIR/cpuinfo boot --check
    expect_greeting microvm
    expect_output "KVM: "
}

@test "with two processors and 64 MiB of memory, init greets" {
    boot --check --machine q35 --cpus 2 --memory 64
    expect_greeting q35
    boot --check --cpus 2 --memory 64
    expect_greeting microvm
}

@test "with words after -- and a quiet kernel, init greets" {
    boot --check --append quiet -- --help "two words" x=y
    expect_greeting microvm
}

@test "boot.sh boots an image whose path has a space and a comma" {
    mkdir "$BATS_TEST_TMPDIR/a place, far off"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_TEST_TMPDIR/a place, far off/disk"
    boot --check --image "$BATS_TEST_TMPDIR/a place, far off/disk.img"
    expect_greeting microvm
    boot --check --machine pc --image "$BATS_TEST_TMPDIR/a place, far off/disk.img"
    expect_greeting pc
}

@test "two boots at once from one checkout both reach the greeting" {
    "$root/scripts/boot.sh" --check --timeout "$patience" >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
    local first=$!
    boot --check
    expect_greeting microvm
    wait "$first"
    grep -q 'greeting after' "$BATS_TEST_TMPDIR/one"
}

@test "a boot does not change the image, unless --rw is given" {
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_TEST_TMPDIR/disk"
    local image=$BATS_TEST_TMPDIR/disk.img before
    before=$(sha256sum <"$image")
    local machine
    for machine in pc microvm; do
        boot --check --machine "$machine" --image "$image"
        expect_greeting "$machine"
        [ "$(sha256sum <"$image")" = "$before" ]
    done
    boot --check --rw --image "$image"
    expect_greeting microvm
    [ "$(sha256sum <"$image")" != "$before" ]
    # By the mount count scripts/reproduce.sh --check recognises such an image.
    dumpe2fs -h "$image" | grep -q '^Mount count: *1$'
}

@test "a Swift trap in PID 1 prints a line on the console, and causes no panic" {
    "$root/scripts/build-init.sh" --product trapping-init
    "$root/scripts/build-image.sh" --init "$out/trapping-init" --size 64M \
        --output "$BATS_TEST_TMPDIR/disk"
    boot --check --image "$BATS_TEST_TMPDIR/disk.img"
    expect_greeting microvm
    run timeout "$patience" "$root/Tests/Boot/console.exp" 'init: fault: SIGILL' \
        "$root/scripts/boot.sh" --image "$BATS_TEST_TMPDIR/disk.img"
    expect_status 0
    expect_output "init: fault: SIGILL (a Swift trap) in PID 1"
}

@test "if init exits, the kernel panics, and boot.sh --check ends with 4" {
    image_with_init disk <<<'int main(void) { return 7; }'
    boot --check --image "$BATS_TEST_TMPDIR/disk.img"
    expect_status 4
    expect_output "Attempted to kill init! exitcode=0x00000700"
    expect_output "the guest's kernel panicked"
}

@test "if init is missing, the kernel panics, and boot.sh --check ends with 4" {
    boot --check --machine pc --append "init=/nowhere"
    expect_status 4
    expect_output "Requested init /nowhere failed"
}

@test "if init says nothing, boot.sh --check ends with 124 when the time is up" {
    image_with_init disk <<<'#include <unistd.h>
int main(void) { for (;;) pause(); }'
    patience=15
    boot --check --image "$BATS_TEST_TMPDIR/disk.img"
    expect_status 124
    expect_output "no greeting in time"
    expect_output "Run /init as init process"
}

@test "if init greets and ends a moment later, boot.sh --check fails" {
    image_with_init disk <<'EOF'
#include <unistd.h>
int main(void) {
    static const char text[] = "Hello, World!\nThis is your friendly init system.\nJust hanging here...\n";
    write(1, text, sizeof text - 1);
    usleep(100000);
    return 0;
}
EOF
    boot --check --image "$BATS_TEST_TMPDIR/disk.img"
    expect_status 4
}

@test "on a terminal boot.sh says how to leave, Ctrl-C does not end it, and Ctrl-A X does" {
    run timeout "$patience" "$root/Tests/Boot/console.exp" 'Just hanging here' \
        "$root/scripts/boot.sh" --machine pc
    expect_status 0
    expect_output "Ctrl-A X leaves"
    expect_output "QEMU: Terminated"
}

@test "boot.sh leaves no qemu behind, even when it is killed" {
    "$root/scripts/boot.sh" --check --append "init=/nowhere panic=0" --machine pc \
        --timeout "$patience" >/dev/null 2>&1 3>&- &
    local script=$! qemu
    has_qemu() { qemu=$(pgrep -P "$script" qemu-system); }
    eventually has_qemu
    qemu=$(pgrep -P "$script" qemu-system)
    kill -KILL "$script"
    gone() { ! kill -0 "$qemu" 2>/dev/null; }
    eventually gone
}
