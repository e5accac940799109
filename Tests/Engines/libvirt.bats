# The disk of hammock build as a machine of libvirt's, emulated.

setup_file() {
    load ../Support/engines
    "$root/scripts/hammock" --help >/dev/null
    start_engine --network virsh libvirtd virtlogd ip || return 0
    make_box
    "$root/scripts/hammock" build "oci-archive:$place/box.tar" --as disk -o "$place/built" \
        --name box -- sh -c 'trap "echo asked to end; exit 3" TERM; echo "running in $(pwd)"
            while :; do sleep 0.05; done'
    start_libvirt || return 0
    describe_machine >"$place/box.xml"
    virsh define "$place/box.xml" >/dev/null
}

teardown_file() {
    load ../Support/engines
    [ -n "${engine_lacks-}" ] || virsh destroy box >/dev/null 2>&1 || true
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    : >"$place/console"
}

teardown() { virsh destroy box >/dev/null 2>&1 || true; }

# start_libvirt: daemons of their own, whose files are in `$place`.
start_libvirt() {
    local name
    for name in etc var/lib var/log var/cache; do
        mkdir -p "$place/libvirt/$name"
        inside mount --bind "$place/libvirt/$name" "/$name/libvirt"
    done
    # Nothing of the host's own security applies in these namespaces.
    printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' \
        'cgroup_controllers = [ ]' 'namespaces = [ ]' >"$place/libvirt/etc/qemu.conf"
    for name in virtlogd libvirtd; do inside "$name" >"$place/$name.log" 2>&1 & done
    eventually virsh list >/dev/null 2>&1 \
        || engine_lacks "libvirtd does not start here: $(tail -n 1 "$place/libvirtd.log")"
}

describe_machine() {
    cat <<END
<domain type='qemu'>
  <name>box</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$place/built/disk.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='pty'><log file='$place/console'/></serial>
    <console type='pty'/>
  </devices>
</domain>
END
}

virsh() {
    inside timeout --signal=KILL 120 virsh --connect qemu:///system --quiet "$@" </dev/null
}

# The machine runs, and its program has begun.
start_box() {
    capture virsh start box
    [ "$status" -eq 0 ] || skip "libvirt can run no machine here: ${lines[*]: -1}"
    eventually has_said "running in /data" 1
}

# has_said TEXT COUNT: whether the console has TEXT so many times.
has_said() { [ "$(grep -cF "$1" "$place/console")" -eq "$2" ]; }
state() { virsh domstate box --reason; }
is_off() { [ "$(state)" = "shut off (shutdown)" ]; }

@test "the machine shuts down when libvirt asks it to, and its program is asked first" {
    start_box
    [ "$(state)" = "running (booted)" ]
    virsh shutdown box
    eventually is_off
    has_said "asked to end" 1
    has_said "program ended with code 3" 1
}

@test "the machine reboots when libvirt asks it to, and runs its program again" {
    start_box
    virsh reboot box
    eventually has_said "running in /data" 2
    [[ $(state) == running* ]]
}

@test "the machine's end is its owner's, too" {
    start_box
    virsh destroy box
    [ "$(state)" = "shut off (destroyed)" ]
    # It lost nothing by that, since it wrote nothing.
    : >"$place/console"
    virsh start box
    eventually has_said "running in /data" 1
}
