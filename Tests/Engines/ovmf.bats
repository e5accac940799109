# What hammock build makes, started by UEFI: OVMF, under qemu's emulation.

setup_file() {
    load ../Support/engines
    "$root/scripts/hammock" --help >/dev/null
    place=$(mktemp -d)
    export place
    make_box
    local kind
    for kind in disk uki; do
        "$root/scripts/hammock" build "oci-archive:$place/box.tar" --as "$kind" \
            -o "$place/$kind" --name box -- sh -c 'echo "I am $(id -u) in $(pwd), $COLOUR"; exit 5'
    done
}

teardown_file() { rm -rf "$place"; }

setup() {
    load ../Support/helpers
    firmware=/usr/share/ovmf/OVMF.fd
    [ -e "$firmware" ] || skip "there is no OVMF here"
}

# machine WORDS...: runs a q35 with OVMF until it goes off, with the console as its output.
machine() {
    timeout -s KILL 240 qemu-system-x86_64 -machine q35 -m 256 -bios "$firmware" -nodefaults \
        -no-user-config -no-reboot -display none -serial stdio "$@" </dev/null | tr -d '\r'
}

expect_the_program() {
    expect_status 0
    expect_output "I am 0 in /data, red"
    expect_output "program ended with code 5"
}

@test "the disk that starts by BIOS starts by UEFI, too" {
    run machine -drive "file=$place/disk/disk.img,format=raw,if=virtio,snapshot=on"
    expect_the_program
}

@test "the unified kernel image starts from another disk, and finds the image's files" {
    local system=$BATS_TEST_TMPDIR/system
    truncate -s 16M "$system"
    mkfs.vfat "$system" >/dev/null
    mmd -i "$system" ::/EFI ::/EFI/BOOT
    mcopy -i "$system" "$place/uki/hammock.efi" ::/EFI/BOOT/BOOTX64.EFI
    run machine -drive "file=$system,format=raw,if=virtio" \
        -drive "file=$place/uki/root.squashfs,format=raw,if=virtio,readonly=on"
    expect_the_program
}
