# scripts/hammock build: disks and the like, made of an image, and what runs of them.

setup_file() {
    load ../Support/helpers
    # What it builds is built before the first test takes the time.
    "$root/scripts/hammock" --help >/dev/null
    export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
    image=$BATS_FILE_TMPDIR/image made=$BATS_FILE_TMPDIR/made
    export image made
    make_image
    mkdir "$made"
}

# make_image: an image with a user, whose program says all that an image can say about it.
make_image() {
    local tree=$BATS_FILE_TMPDIR/tree name
    mkdir -p "$tree"/{bin,etc,srv}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for name in cat echo hostname id kill ls pwd sh sleep touch; do ln -s busybox "$tree/bin/$name"; done
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'web:x:33:44:web:/srv:/bin/sh' \
        >"$tree/etc/passwd"
    printf '%s\n' 'root:x:0:' 'web:x:44:' 'staff:x:50:web' >"$tree/etc/group"
    cat >"$tree/bin/start" <<'END'
#!/bin/sh
echo "words: $*"
echo "I am $(id -u):$(id -g) in $(pwd) on $(hostname), $COLOUR"
exit 7
END
    chmod 755 "$tree/bin/start"
    python3 "$root/Tests/Support/oci.py" "$image" latest '{
        "Entrypoint": ["/bin/start"], "Cmd": ["a", "b c"], "Env": ["COLOUR=red"],
        "WorkingDir": "/srv/deep", "User": "web", "StopSignal": "SIGUSR1"}' "$tree"
}

setup() { load ../Support/helpers; }

hammock() { "$root/scripts/hammock" "$@"; }

# build KIND: makes it of the image, once for all tests, at `$made/KIND`.
build() { [ -d "$made/$1" ] || hammock build "$image" --as "$1" -o "$made/$1" --name box; }

# machine WORDS...: runs qemu until the machine goes off, with the console as its output.
machine() {
    timeout -s KILL 120 qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
        -display none -serial stdio -m 128 "$@" </dev/null | tr -d '\r'
}

expect_the_program() {
    expect_status 0
    expect_output "words: a b c"
    expect_output "I am 33:44 in /srv/deep on box, red"
    expect_output "program ended with code 7"
}

@test "the disk starts by BIOS, whatever its bus, and runs the image's program" {
    build disk
    local bus
    for bus in virtio ide; do
        run machine -machine pc \
            -drive "file=$made/disk/disk.img,format=raw,if=$bus,snapshot=on"
        expect_the_program
    done
    # Another disk comes first.
    truncate -s 8M "$BATS_TEST_TMPDIR/other"
    run machine -machine pc -drive "file=$BATS_TEST_TMPDIR/other,format=raw,if=virtio" \
        -drive "file=$made/disk/disk.img,format=raw,if=none,id=disk,snapshot=on" \
        -device virtio-blk-pci,drive=disk,bootindex=1
    expect_the_program
}

@test "kernel, initramfs and command line of kernelboot run the program from the disk beside them" {
    build kernelboot
    local place=$made/kernelboot
    run machine -machine q35 -kernel "$place/vmlinuz" -initrd "$place/initrd" \
        -append "$(cat "$place/cmdline")" \
        -drive "file=$place/root.squashfs,format=raw,if=virtio,readonly=on"
    expect_the_program
}

@test "a description can come from the host, too, by fw_cfg" {
    build kernelboot
    local place=$made/kernelboot
    local raw=/sys/firmware/qemu_fw_cfg/by_name/opt/org.hammock/description/raw
    # An initramfs that has none.
    run machine -machine q35 -kernel "$place/vmlinuz" -initrd "$out/run.cpio" \
        -append "$(sed "s|/description\$|$raw|" "$place/cmdline")" \
        -fw_cfg "name=opt/org.hammock/description,file=$place/description" \
        -drive "file=$place/root.squashfs,format=raw,if=virtio,readonly=on"
    expect_the_program
}

@test "what firecracker is told runs the program without ACPI, and ends by a reboot" {
    build firecracker
    local words place=$made/firecracker
    # As Firecracker does, the words about devices stand before those of the program.
    words=$(python3 -c 'if True:
        import json, sys
        told = json.load(open(sys.argv[1]))
        assert told["machine-config"] == {"vcpu_count": 1, "mem_size_mib": 512}, told
        assert told["drives"][0]["path_on_host"] == "root.squashfs", told
        device = " virtio_mmio.device=512@0xfeb00e00:12 -- "
        print(told["boot-source"]["boot_args"].replace(" -- ", device))' "$place/config.json")
    run machine -machine microvm,acpi=off,x-option-roms=off,rtc=on,auto-kernel-cmdline=off \
        -bios qboot.rom -accel tcg -kernel "$place/vmlinux" -initrd "$place/initrd" \
        -append "$words" -drive "if=none,id=root,file=$place/root.squashfs,format=raw,readonly=on" \
        -device virtio-blk-device,drive=root
    expect_the_program
    expect_output "reboot: Restarting system"
}

@test "without the image's disk the machine says so, and goes off" {
    build kernelboot
    local place=$made/kernelboot
    run machine -machine q35 -kernel "$place/vmlinuz" -initrd "$place/initrd" \
        -append "$(cat "$place/cmdline")"
    expect_status 0
    expect_output "hammock-agent: no disk has the image's files, for /disk"
    expect_output "program ended with code 125"
}

@test "words, variables, user and directory that are given come before the image's" {
    hammock build "$image" --as kernelboot -o "$BATS_TEST_TMPDIR/out" --entrypoint /bin/sh -u 5:6 \
        -w /here -e COLOUR=blue --read-only --append "hammock.log=7" \
        -- -c 'id -u; id -g; pwd; echo $COLOUR $0 $1; touch /x' zero one
    local place=$BATS_TEST_TMPDIR/out
    run machine -machine q35 -kernel "$place/vmlinuz" -initrd "$place/initrd" \
        -append "$(cat "$place/cmdline")" \
        -drive "file=$place/root.squashfs,format=raw,if=virtio,readonly=on"
    expect_status 0
    expect_output $'5\n6\n/here\nblue zero one\ntouch: /x: Read-only file system'
    [[ $(cat "$place/cmdline") == *" hammock.log=7 -- /agent --description /description" ]]
}

@test "a machine with an address by DHCP knows its name server" {
    hammock build "$image" --as kernelboot -o "$BATS_TEST_TMPDIR/out" --ip dhcp --entrypoint sh \
        -- -c 'cat /etc/resolv.conf'
    local place=$BATS_TEST_TMPDIR/out
    run machine -machine q35 -kernel "$place/vmlinuz" -initrd "$place/initrd" \
        -append "$(cat "$place/cmdline")" -nic user,model=virtio-net-pci \
        -drive "file=$place/root.squashfs,format=raw,if=virtio,readonly=on"
    expect_status 0
    expect_output "nameserver 10.0.2.3"
}

@test "each kind comes with its sums and its bill of materials, and twice with the same bytes" {
    local kind again=$BATS_TEST_TMPDIR/again
    mkdir "$again"
    for kind in disk uki kernelboot firecracker lxd oci; do
        build "$kind"
        (cd "$made/$kind" && sha256sum --check --strict --quiet SHA256SUMS)
        # All files but the sums themselves.
        run bash -c 'cd "$1" && diff <(find . -type f ! -name SHA256SUMS | sed "s|^\./||" | sort) \
            <(cut -c67- SHA256SUMS | sort)' - "$made/$kind"
        expect_status 0
        python3 -c 'if True:
            import json, sys
            bill = json.load(open(sys.argv[1]))
            assert bill["spdxVersion"] == "SPDX-2.3"
            names = {package["name"] for package in bill["packages"]}
            assert {"box-" + sys.argv[2], "hammock-init", sys.argv[3]} <= names, names
            assert sys.argv[2] in ("lxd", "oci") or "linux" in names, names
            linked = {each["relatedSpdxElement"] for each in bill["relationships"]}
            assert linked == {package["SPDXID"] for package in bill["packages"]}' \
            "$made/$kind/hammock.spdx.json" "$kind" "$image"
        # In another place, at another time, and with another mask.
        (
            umask 077
            TZ=Asia/Tokyo hammock build "$image" --as "$kind" -o "$again/$kind" --name box
        )
        diff -r "$made/$kind" "$again/$kind"
    done
}

@test "the container image starts by Hammock's init, and keeps what the image says" {
    build oci
    run -0 skopeo inspect --config "oci:$made/oci/image:latest"
    python3 -c 'if True:
        import json, sys
        image = json.loads(sys.argv[1])
        assert image["config"] == {
            "Entrypoint": ["/.hammock/init", "--", "/bin/start"], "Cmd": ["a", "b c"],
            "Env": ["COLOUR=red"], "WorkingDir": "/srv/deep", "User": "web",
            "StopSignal": "SIGUSR1"}, image["config"]
        assert len(image["rootfs"]["diff_ids"]) == 2' "$output"
    # It is an image for Hammock, too, and init sends on the code.
    run hammock run "oci:$made/oci/image:latest" </dev/null
    expect_status 7
    expect_output "words: a b c"
}

# --- refusals -----------------------------------------------------------------------------------

@test "what cannot be made is refused before anything is unpacked, and leaves nothing" {
    local place=$BATS_TEST_TMPDIR/place
    mkdir "$place"
    : >"$place/file"
    run hammock build "$image" --as disk -o "$place"
    expect_status 2
    expect_output "hammock: --output $place: the directory is not empty; name another one"
    run hammock build "$image" --as disk -o "$place/file"
    expect_status 2
    expect_output "that is a file; name a directory"
    run hammock build "$image" --as disk -o "$place/none/out"
    expect_status 2
    expect_output "there is no directory $place/none"
    run hammock build "$image" --as floppy -o "$place/out"
    expect_status 2
    expect_output "floppy"
    run hammock build "$image" --as disk --memory 1g -o "$place/out"
    expect_status 2
    expect_output "--memory makes no difference to disk"
    run env SOURCE_DATE_EPOCH=now "$root/scripts/hammock" build "$image" --as disk -o "$place/out"
    expect_status 2
    expect_output "SOURCE_DATE_EPOCH takes seconds since 1970"
    run hammock build "$BATS_TEST_TMPDIR/none.tar" --as disk -o "$place/out"
    [ "$status" -ne 0 ]
    [ "$(ls -A "$place")" = file ]
}

@test "a tool that is missing is named with its package" {
    local tool tools=$BATS_TEST_TMPDIR/tools
    mkdir "$tools"
    for tool in bash dirname readlink sha256sum tar2sqfs gzip find; do
        ln -s "$(command -v "$tool")" "$tools/$tool"
    done
    run env "PATH=$tools" HAMMOCK_KERNEL="$out/kernel/vmlinux" HAMMOCK_INITRAMFS="$out/run.cpio" \
        "$out/hammock-host" build "$image" --as disk -o "$BATS_TEST_TMPDIR/out"
    expect_status 3
    expect_output "mmd is not installed; apt-get install mtools"
    [ ! -e "$BATS_TEST_TMPDIR/out" ]
}

@test "a disk that gets full, and a request to end, leave nothing half made" {
    build uki
    local place=$BATS_TEST_TMPDIR/place
    mkdir "$place"
    # The image is in the cache already, so only the result has no room.
    run unshare --map-root-user --mount bash -c '
        mount -t tmpfs -o size=4m none "$1" && cd "$1" || exit 99
        "$2/scripts/hammock" build "$3" --as uki -o out
        echo "code $?, left: $(ls -A)"' - "$place" "$root" "$image"
    [ "$status" -ne 99 ] || skip "this machine lets nobody mount in a namespace"
    expect_output "hammock: there is too little space in ."
    expect_output "code 3, left: "
    [[ ${lines[-1]} == "code 3, left: " ]]
    # A stub that is never read to its end: it waits there until the signal.
    cp -r "$out/kernel" "$BATS_TEST_TMPDIR/kernel"
    rm "$BATS_TEST_TMPDIR/kernel/bzImage"
    mkfifo "$BATS_TEST_TMPDIR/kernel/bzImage"
    HAMMOCK_KERNEL=$BATS_TEST_TMPDIR/kernel/vmlinux HAMMOCK_INITRAMFS=$out/run.cpio \
        "$out/hammock-host" build "$image" --as uki -o "$place/out" 3>&- &
    local builder=$! code=0
    eventually is_building "$place"
    kill -TERM "$builder"
    wait "$builder" || code=$?
    [ "$code" -eq 143 ]
    [ -z "$(ls -A "$place")" ]
}

# shellcheck disable=SC2317 # `eventually` calls it
is_building() { [ -n "$(find "$1" -mindepth 2 -name artefact)" ]; }
