#!/usr/bin/env bash
# Boots Hammock in qemu, on this terminal. Builds first whatever is missing.
#
#   scripts/boot.sh [options] [-- WORDS...]
#
#   --machine NAME      microvm: the fastest (default)
#                       pc:      the classic command line: an ATA disk, BIOS, bzImage
#                       q35:     a modern PC with virtio over PCI
#   --accel NAME        auto (default), kvm or tcg; auto takes KVM where it really runs a
#                       guest, and emulation elsewhere, and says why
#   --memory MIB        the guest's memory (default: 128)
#   --cpus N            the guest's processors (default: 1)
#   --kernel PATH       a bzImage, a vmlinux, or a folder with both (default: out/kernel)
#   --image FILE        the root disk (default: out/image.img)
#   --initramfs [FILE]  boots from an initramfs in place of the disk (default:
#                       out/initramfs.cpio)
#   --append WORDS      more kernel command line
#   --rw                lets the guest change the image; otherwise all it writes is thrown
#                       away when qemu ends
#   -- WORDS            handed to init as its arguments
#
#   --check             boots without a terminal, waits for the greeting, makes sure that
#                       PID 1 is alive a moment later, says how long it took, and ends
#   --timeout SECONDS   ends qemu after so long (with --check: waits so long; default: 60)
#   --dry-run           prints qemu's command line and boots nothing
#   --help
#
# To leave: Ctrl-A, then X. (Ctrl-C goes to the guest.)
#
# Exit codes: 0 done, 1 failed, 2 wrong use, 3 something is missing on this machine,
# 4 the guest's kernel panicked (with --check), 124 timed out, 130 interrupted.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

machine=microvm
accel=auto
memory=''
cpus=''
kernel=''
image=''
initramfs=''
append=''
init_words=()
mode=interactive # or check, or dry-run
writable=''
timeout=''
fallback=''

# What init prints once it is up.
readonly greeting=$'Hello, World!\nThis is your friendly init system.\nJust hanging here...\n'
# How long KVM may take to the greeting before it counts as not working, in seconds.
readonly kvm_patience=10
# How long PID 1 has to have lived on after the greeting, in milliseconds.
readonly moment=300

main() {
    parse "$@"
    [ "$mode" = dry-run ] || prepare
    choose_accelerator
    case $mode in
        dry-run) qemu_command; printf '%s\n' "${qemu[*]@Q}" ;;
        check) check ;;
        interactive) interact ;;
    esac
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --machine) machine=$(value_of "$@"); shift 2 ;;
            --accel) accel=$(value_of "$@"); shift 2 ;;
            --memory) memory=$(value_of "$@"); whole_number --memory "$memory"; shift 2 ;;
            --cpus) cpus=$(value_of "$@"); whole_number --cpus "$cpus"; shift 2 ;;
            --kernel) kernel=$(value_of "$@"); shift 2 ;;
            --image) image=$(value_of "$@"); readable_file --image "$image"; shift 2 ;;
            --initramfs)
                # The file may be left out.
                if [ $# -ge 2 ] && [[ $2 != -* ]]; then
                    initramfs=$2
                    readable_file --initramfs "$initramfs"
                    shift
                else
                    initramfs=$out/initramfs.cpio
                fi
                shift
                ;;
            --append) append+=" $(value_of "$@")"; shift 2 ;;
            --rw) writable=yes; shift ;;
            --timeout) timeout=$(value_of "$@"); whole_number --timeout "$timeout"; shift 2 ;;
            --check) mode=check; shift ;;
            --dry-run) mode=dry-run; shift ;;
            -h | --help) help; exit ;;
            --) shift; init_words=("$@"); break ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [[ $machine =~ ^(pc|q35|microvm)$ ]] \
        || usage_error "--machine is pc, q35 or microvm, not '$machine'"
    [[ $accel =~ ^(auto|kvm|tcg)$ ]] || usage_error "--accel is auto, kvm or tcg, not '$accel'"
    if [ "$mode" = interactive ] && [ -z "$timeout" ] && [ ! -t 0 ]; then
        usage_error "there is no terminal to boot on: use --check, or --timeout SECONDS"
    fi
    # What `-- WORDS` cannot carry: the kernel knows double quotes, and no escape for them.
    local word
    for word in "${init_words[@]}"; do
        [[ $word != *['"'$'\n']* ]] || usage_error "-- cannot hand '$word' to init"
    done
}

# --- what to boot ---------------------------------------------------------------------------

# prepare: everything that the boot needs is there once this returns.
prepare() {
    export HAMMOCK_NESTED=yes
    need_packages boot
    if [ -z "$kernel" ]; then
        "$root/scripts/build-kernel.sh"
    else
        readable_file --kernel "$(kernel_file)"
    fi
    if [ "$initramfs" = "$out/initramfs.cpio" ] || [ -z "$image$initramfs" ]; then
        "$root/scripts/build-image.sh"
    fi
}

# kernel_file: qemu enters an uncompressed vmlinux directly (PVH), which is fastest; the
# classic PC goes the classic way, through the BIOS and the bzImage's own loader.
kernel_file() {
    local name=vmlinux
    [ "$machine" != pc ] || name=bzImage
    if [ -d "${kernel:-$out/kernel}" ]; then
        printf '%s' "${kernel:-$out/kernel}/$name"
    else
        printf '%s' "${kernel:-$out/kernel/$name}"
    fi
}

# qemu_command: sets `qemu` to the command line, an array.
qemu_command() {
    local root_disk=/dev/vda hardware=()
    [ "$machine" != pc ] || root_disk=/dev/sda
    local command_line="root=$root_disk init=/init console=ttyS0"
    [ -z "$initramfs" ] || command_line="rdinit=/init console=ttyS0"
    "${machine}_hardware"
    command_line+=$append
    [ ${#init_words[@]} -eq 0 ] || command_line+=" --$(printf ' "%s"' "${init_words[@]}")"
    qemu=(qemu-system-x86_64 -kernel "$(kernel_file)" -append "$command_line" "${hardware[@]}")
    [ -z "$initramfs" ] || qemu+=(-initrd "$initramfs")
    [ -z "$memory" ] || qemu+=(-m "$memory")
    [ -z "$cpus" ] || qemu+=(-smp "$cpus")
    # Writes go to a temporary file that nobody sees, so two boots can share the image.
    [ -n "$writable" ] || qemu+=(-snapshot)
    qemu+=(-nographic -serial mon:stdio)
}

# The classic command line to the letter, with all that qemu puts into a PC by itself.
pc_hardware() {
    ! has_disk || hardware+=(-hda "$(disk)")
    if [ "$accel" = kvm ]; then hardware+=(-enable-kvm); else hardware+=(-accel tcg); fi
    # The bzImage's header asks for a read-only root by itself.
    [ -z "$writable" ] || command_line+=" rw"
}

q35_hardware() {
    hardware+=(-machine q35 -bios qboot.rom)
    bare_hardware
    ! has_disk || hardware+=(-device 'virtio-blk-pci,drive=root')
    command_line+=" $(root_mode) panic=-1"
}

microvm_hardware() {
    # With acpi=off qemu would put words for the kernel behind ours, and so behind `-- WORDS`.
    hardware+=(-machine 'microvm,acpi=on,x-option-roms=off' -bios qboot.rom)
    bare_hardware
    ! has_disk || hardware+=(-device 'virtio-blk-device,drive=root')
    # t: a triple fault, the one way to reset a machine without a keyboard controller.
    command_line+=" $(root_mode) panic=-1 reboot=t"
    # Without it this boot hangs as soon as the host is busy: ARCHITECTURE.md says why.
    if [ "$accel" = tcg ]; then
        local khz
        khz=$(tsc_khz) || die "$exit_failed" "the speed of the processor's counter cannot be measured"
        command_line+=" tsc_early_khz=$khz"
    fi
}

# root_mode: a kernel entered by PVH mounts its root writable unless told not to.
root_mode() { if [ -n "$writable" ]; then echo rw; else echo ro; fi; }

# bare_hardware: no devices but those asked for, and a panic ends qemu.
bare_hardware() {
    hardware+=(-nodefaults -no-user-config -no-reboot)
    if [ "$accel" = kvm ]; then
        hardware+=(-accel kvm -cpu host)
    else
        hardware+=(-accel tcg -cpu max)
    fi
    local file
    if has_disk; then
        file=$(disk)
        # In a qemu option a comma stands for itself only when doubled.
        hardware+=(-drive "if=none,id=root,format=raw,file=${file//,/,,}")
    fi
}

# A disk is there unless an initramfs takes its place.
has_disk() { [ -n "$image" ] || [ -z "$initramfs" ]; }
disk() { printf '%s' "${image:-$out/image.img}"; }

# tsc_khz: the speed of this processor's time stamp counter.
tsc_khz() {
    local program=$out/tsc-khz source=$root/toolchain/host/tsc-khz.c
    if [ ! "$program" -nt "$source" ]; then
        command -v gcc >/dev/null || die "$exit_missing" "gcc is missing"
        writable_folder "$out"
        gcc -O2 -o "$program.$$" "$source" || return
        mv "$program.$$" "$program" || return
    fi
    "$program"
}

# --- KVM or emulation -----------------------------------------------------------------------

# choose_accelerator: turns `auto` into kvm or tcg, and says in one line what it took.
choose_accelerator() {
    local reason="as told by --accel"
    if [ "$accel" = auto ]; then
        if reason=$(why_no_kvm); then
            accel=tcg
        elif [ "$mode" != interactive ]; then
            # The check itself watches for the greeting, and falls back.
            accel=kvm fallback=tcg reason="/dev/kvm is there"
        elif kvm_boots; then
            accel=kvm reason="/dev/kvm is there and runs a guest"
        else
            accel=tcg reason="KVM did not get this kernel to the greeting within $kvm_patience s"
        fi
    fi
    say "$machine, $accel ($reason)"
}

# why_no_kvm: prints why KVM is out of the question; fails where it is not.
#
# The device alone proves nothing: inside some virtual machines /dev/kvm opens and makes
# virtual machines that never run Linux, and qemu falls back to emulation only where the
# device does not open. Such a processor shows neither of the flags that KVM needs.
why_no_kvm() {
    local device=${HAMMOCK_KVM_DEVICE:-/dev/kvm} cpuinfo=${HAMMOCK_CPUINFO:-/proc/cpuinfo}
    if [ ! -e "$device" ]; then
        echo "there is no $device"
    elif [ ! -r "$device" ] || [ ! -w "$device" ]; then
        echo "$device may not be opened; is this user in the group kvm?"
    elif ! grep -qwE 'vmx|svm' "$cpuinfo"; then
        echo "the processor shows neither vmx nor svm, so KVM cannot run Linux"
    else
        return 1
    fi
}

# kvm_boots: whether this kernel gets to the greeting under KVM, with our own image. Tried
# once for each kernel and machine since the host was started.
kvm_boots() {
    local known=$out/kvm-boots file tried verdict=no
    file=$(kernel_file)
    tried="$(cat /proc/sys/kernel/random/boot_id) $machine $file $(stat -c %Y "$file")"
    if [ ! -e "$known" ] || [ "$(head -n 1 "$known")" != "$tried" ]; then
        say "trying whether KVM runs this kernel"
        if "$root/scripts/boot.sh" --check --accel kvm --machine "$machine" --kernel "$file" \
            --timeout "$kvm_patience" >/dev/null 2>&1; then
            verdict=yes
        fi
        printf '%s\n%s\n' "$tried" "$verdict" >"$known.$$"
        mv "$known.$$" "$known"
    fi
    [ "$(tail -n 1 "$known")" = yes ]
}

# --- on this terminal -----------------------------------------------------------------------

interact() {
    local qemu
    qemu_command
    [ ! -t 0 ] || say "Ctrl-A X leaves, Ctrl-A C asks qemu, Ctrl-A H helps; Ctrl-C goes to the guest."
    [ -z "$timeout" ] || qemu=(timeout --foreground "$timeout" "${qemu[@]}")
    exec "${qemu[@]}"
}

# --- without a terminal ---------------------------------------------------------------------

# check: boots, watches, judges; under `auto`, once more without KVM.
check() {
    work=$(mktemp -d)
    trap 'end_qemu; rm -rf "$work"' EXIT
    trap 'exit $exit_interrupted' INT TERM
    # A qemu that has ended takes no keys; that shows on the console soon enough.
    trap '' PIPE
    local verdict=0
    if [ -n "$fallback" ]; then
        watch "$kvm_patience" || verdict=$?
        if [ "$verdict" -eq "$exit_failed" ] || [ "$verdict" -eq "$exit_timeout" ]; then
            say "KVM: $failure; once more with emulation"
            end_qemu
            accel=$fallback verdict=0
            watch "${timeout:-60}" || verdict=$?
        fi
    else
        watch "${timeout:-60}" || verdict=$?
    fi
    [ "$verdict" -eq 0 ] || { show_console; die "$verdict" "$failure"; }
    printf 'greeting after %d ms (%s, %s)\n' "$greeted_after" "$machine" "$accel"
}

show_console() {
    say "--- qemu's complaints and the console's last lines ---"
    cat "$work/complaints" >&2
    tail -n 40 "$work/console" | tr -d '\r' >&2
    say "---"
}

# watch SECONDS: one boot to the greeting and on. Returns an exit code; sets `failure`
# where it is not 0, `greeted_after` (milliseconds since qemu was started) where it is.
watch() {
    local qemu
    qemu_command
    : >"$work/console"
    guest_text=''
    greeted_after=''
    set_now
    local started=$now
    deadline=$((started + $1 * 1000))
    # Should this script be killed, the kernel ends qemu with it.
    coproc guest { exec setpriv --pdeathsig KILL "${qemu[@]}" 2>"$work/complaints"; }
    qemu_pid=$!
    # bash forgets a coprocess that has ended, and its descriptors with it: copies stay.
    exec {from_guest}<&"${guest[0]}" {to_guest}>&"${guest[1]}"

    await greeting_is_whole || return
    greeted_after=$((now - started))

    # A moment later ...
    deadline=$((now + moment))
    await_the_end || return
    # ... the guest's kernel is asked for its tasks: a BREAK on the serial line, which is
    # Ctrl-A B here, makes the next key a SysRq. 7 raises the log level, t lists tasks.
    deadline=$((now + 5000))
    printf '\001b7' >&"$to_guest" || true
    await log_level_is_up || { doubt_pid_1 $?; return; }
    printf '\001bt' >&"$to_guest" || true
    await pid_1_sleeps || { doubt_pid_1 $?; return; }
    printf '\001x' >&"$to_guest" || true
    deadline=$((now + 5000))
    await_the_end || true
}

# doubt_pid_1 CODE: returns CODE; a plain timeout gets the words that fit here.
doubt_pid_1() {
    [ "$1" -ne "$exit_timeout" ] || failure="greeted, but the kernel does not say whether PID 1 lives
(it answers SysRq with CONFIG_MAGIC_SYSRQ_SERIAL; --append sysrq_always_enabled may help)"
    return "$1"
}

# await CONDITION: reads the console until CONDITION holds of it. Returns an exit code and
# sets `failure` otherwise: the time is up, qemu has ended, or the kernel has panicked.
await() {
    local line status left
    while true; do
        set_now
        [ "$now" -lt "$deadline" ] || { failure="no greeting in time"; return "$exit_timeout"; }
        status=0
        # A fork for each line of the console would slow a fast guest down.
        printf -v left '%d.%03d' $(((deadline - now) / 1000)) $(((deadline - now) % 1000))
        IFS= read -r -t "$left" line <&"$from_guest" || status=$?
        take_in "$line" "$status"
        set_now
        "$1" && return
        if [[ $line == *'Kernel panic'* ]]; then
            local cause=${line##*Kernel panic - not syncing: }
            # The way there stands in the lines that follow.
            deadline=$((now + 300))
            await_the_end || true
            failure="the guest's kernel panicked: ${cause%$'\r'}"
            return "$exit_panic"
        fi
        # 1 is the end of the file; above 128, the time is up.
        if [ "$status" -eq 1 ]; then
            failure="qemu ended before the greeting"
            [ -z "$greeted_after" ] || failure="greeted, and then qemu ended"
            return "$exit_failed"
        fi
    done
}

# await_the_end: reads on until the time is up, which is no failure here.
await_the_end() {
    local verdict=0
    await nothing || verdict=$?
    [ "$verdict" -ne "$exit_timeout" ] || verdict=0
    return "$verdict"
}

# take_in LINE STATUS: adds a line (or, where there is no newline yet, a piece of one) to
# the console's log, and to `guest_text` what in it is not the kernel's. The kernel may
# break into a line of init's; without its own lines, init's are whole again.
take_in() {
    local text=${1%$'\r'} newline=$'\n'
    [ "$2" -eq 0 ] || newline=''
    printf '%s%s' "$1" "$newline" >>"$work/console"
    if [[ $text =~ ^(.*)\[\ *[0-9]+\.[0-9]{6}\]\  ]]; then
        guest_text+=${BASH_REMATCH[1]}
    else
        guest_text+=$text$newline
    fi
}

greeting_is_whole() { [[ $guest_text == *"$greeting"* ]]; }
log_level_is_up() { [[ $line == *'Loglevel set to 7'* ]]; }
pid_1_sleeps() { [[ $line =~ task:[^\ ]+\ +state:S\ .*\ pid:\ *1\  ]]; }
nothing() { false; }

set_now() { now=${EPOCHREALTIME/[.,]/} now=${now%???}; }

end_qemu() {
    [ -n "${qemu_pid-}" ] || return 0
    kill "$qemu_pid" 2>/dev/null || true
    wait "$qemu_pid" 2>/dev/null || true
    qemu_pid=''
}

main "$@"
