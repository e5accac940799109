#!/usr/bin/env bash
# Boots Hammock in qemu, on this terminal. First builds what is missing.
#
#   scripts/boot.sh [options] [-- WORDS...]
#   scripts/boot.sh [options] --add ./prog:/prog -- /prog ARGS...
#   scripts/boot.sh [options] --root /tmp/debian -- /bin/ls -l /
#   scripts/boot.sh [options] --ssh [-- COMMAND...]
#
# The second form boots to run one program, and ends with its exit code. So does the third, with
# a program of another system's. The fourth boots a machine to log in to.
#
#   --machine NAME      microvm: the fastest (default)
#                       pc:      the classic command line: an ATA disk, BIOS, bzImage
#                       q35:     a modern PC with virtio over PCI
#   --accel NAME        auto (default), kvm or tcg; auto takes KVM if it really runs a guest,
#                       and emulation otherwise, and says why
#   --memory MIB        the guest's memory (default: 128)
#   --cpus N            the guest's processors (default: 1)
#   --kernel PATH       a bzImage, a vmlinux, or a directory with both (default: out/kernel)
#   --image FILE        the root disk (default: out/image.img)
#   --initramfs [FILE]  boots from an initramfs in place of the disk (default:
#                       out/initramfs.cpio)
#   --list NAME.list    boots from the image, or the initramfs, that this list describes
#                       (scripts/build-image.sh --help): out/NAME.img and
#                       out/NAME.cpio, which are made anew when they have to be. Init runs
#                       the list's units if --target or --append hammock.services says so.
#   --add HOSTFILE:/path
#                       boots from an image made for this boot alone, with the file in it;
#                       may be repeated
#   --root DIR|TAR      boots from a copy of this root directory, or of the one in this tar
#                       (packed by gzip, xz or zstd, or not), with Hammock's /init in it. The
#                       image is made for this boot alone. With --rw it is kept as the new
#                       file that --image names.
#   --units DIR         boots from an image made for this boot alone, with the unit files of
#                       this directory in /etc/hammock: *.service, *.target, *.socket and
#                       NAME.service.d/*.conf. Init runs them (hammock.services), unless
#                       --target says what to run.
#   --target NAME       init runs the services that this target wants: multi-user.target for
#                       all that is installed in the --root of a Debian
#   --ssh               boots the machine of toolchain/image/ssh.list, which has a shell, a network
#                       and an SSH server, and says how to log in once that answers. --list or
#                       --image names another image with a server. With a COMMAND, waits for
#                       the server, runs the command over SSH, powers the machine off, and ends
#                       with the command's code. One word is a line for the guest's shell.
#   --key FILE          with --ssh: this public key may log in as root, and no other; may be
#                       repeated. Without it these are the keys in ~/.ssh, or else a new one.
#   --name NAME         with --ssh: a name for the machine, by which hammock ssh finds it
#   --net user|none     user: a network of qemu's own, with an address by DHCP, from which the
#                       guest gets out, and nobody gets in (default: none, and user with --ssh)
#   --publish HOST:GUEST
#                       port HOST of 127.0.0.1 leads to the guest's port GUEST; may be repeated
#   --state FILE        a disk that keeps what the guest writes to /home, /root and /var; a file
#                       that is not there yet is made
#   --append WORDS      more words for the kernel's command line
#   --rw                lets the guest change the image; otherwise all it writes is thrown
#                       away when qemu ends. out/image.img keeps the changes until it is
#                       made anew, which happens whenever one of its parts has changed. An
#                       image made for one boot alone goes when that ends.
#   --quiet             shows what the guest's programs write to the console, and of the
#                       kernel's lines only the critical ones
#   -- WORDS            hands the words to init as its arguments (but see --ssh). If the first that is not
#                       an option is an absolute path, it is a program: init runs it with
#                       the words behind it, and powers off when it has ended.
#
#   --check             boots without a terminal, waits for the greeting, checks that PID 1
#                       is alive a moment later, says how long the boot took, and ends
#   --timeline FILE     boots without a terminal as far as the greeting, and shows where the
#                       time goes: FILE.svg is a picture, FILE.json is for Perfetto, - is a
#                       table on standard output; may be repeated. With --units, --target or --ssh
#                       it goes on until the services have settled, and shows each of them.
#   --instructions      boots without a terminal, and says how many instructions the guest
#                       ran from its reset to the greeting: nearly the same each time,
#                       whatever else the host does. The boot is emulated, and takes some
#                       seconds.
#   --timeout SECONDS   ends qemu after this time (with --check: the time to wait, default:
#                       60; with --instructions: 600; with --timeline: 60, and 120 with
#                       services)
#   --dry-run           prints qemu's command line and boots nothing
#   --help
#
# To leave: Ctrl-A, then X. (Ctrl-C goes to the guest.) A program can also run without
# a terminal: then its console goes to standard output, and has no input.
#
# Exit codes: 0 done, 1 failed, 2 wrong use, 3 something is missing on this machine,
# 4 the guest's kernel panicked (with --check), 124 timed out, 130 interrupted.
# With a program: the program's own, or 123 the guest's kernel panicked, 124 timed out,
# 125 qemu ended before the program did. A program may use any of these numbers itself, so
# the last line on standard error always says what happened.
# With --ssh and a command: the command's own, or 124, 125 as above, or 255 if ssh itself failed.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-timeline.sh
. "$root/scripts/lib-timeline.sh"
# shellcheck source=scripts/lib-ssh.sh
. "$root/scripts/lib-ssh.sh"
# shellcheck source=scripts/lib-list.sh
. "$root/scripts/lib-list.sh"

machine=microvm
accel=auto
memory=''
cpus=''
kernel=''
image=''
initramfs=''
list=()      # --list FILE
parts=()     # of this boot's own image: --root, --units, --add and their values
source=''    # --root DIR|TAR
timelines=() # --timeline FILE ...
append=''
services=''    # the word that asks init for services
target=''      # --target NAME
quiet=''
init_words=()
program=''       # the one among them that init is to run
mode=interactive # or run, check, timeline, instructions or dry-run
writable=''
timeout=''
fallback=''
terminal=''      # the modes that it is to have back
copier=''        # of qemu's output
recording=''     # a file for the console's lines, each with its time
goal=greeting_is_whole # what a boot without a terminal waits for

# What init prints once it is up.
readonly greeting=$'Hello, World!\nThis is your friendly init system.\nJust hanging here...\n'
# How many seconds a boot under KVM may take to greet before KVM counts as not working.
readonly kvm_patience=10
# How many milliseconds PID 1 has to live after the greeting.
readonly moment=300
# What the kernel takes: bytes of command line (COMMAND_LINE_SIZE, less the NUL at its end)
# and words for init (CONFIG_INIT_ENV_ARG_LIMIT). It cuts a longer command line short, and
# panics if there are more words.
readonly command_line_limit=2047
readonly init_words_limit=32
# How qemu shows the guest's console: with its own monitor behind Ctrl-A.
console=(-serial mon:stdio)

main() {
    parse "$@"
    [ "$mode" = dry-run ] || prepare
    choose_accelerator
    case $mode in
        dry-run) qemu_command; printf '%s\n' "${qemu[*]@Q}" ;;
        check) check ;;
        timeline) draw_timeline ;;
        instructions) count_instructions ;;
        run) run_program ;;
        serve) serve ;;
        over-ssh) run_over_ssh ;;
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
            --image) image=$(value_of "$@"); shift 2 ;;
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
            --list) list=("$1" "$(value_of "$@")"); shift 2 ;;
            --add) parts+=("$1" "$(value_of "$@")"); shift 2 ;;
            --units) parts+=("$1" "$(value_of "$@")"); services=" hammock.services"; shift 2 ;;
            --target) target=$(value_of "$@"); check_target; shift 2 ;;
            --root) source=$(value_of "$@"); parts+=("$1" "$source"); shift 2 ;;
            --ssh) ssh=yes; shift ;;
            --key) keys+=("$(value_of "$@")"); shift 2 ;;
            --name) ssh_name=$(value_of "$@"); shift 2 ;;
            --net) net=$(value_of "$@"); shift 2 ;;
            --publish) publish+=("$(value_of "$@")"); shift 2 ;;
            --state) state=$(value_of "$@"); shift 2 ;;
            --append) append+=" $(value_of "$@")"; shift 2 ;;
            --rw) writable=yes; shift ;;
            --quiet) quiet=yes append+=" quiet loglevel=3"; shift ;;
            --timeout) timeout=$(value_of "$@"); whole_number --timeout "$timeout"; shift 2 ;;
            --check | --instructions | --dry-run) take_job "${1#--}"; shift ;;
            --timeline) take_job timeline; timelines+=("$(value_of "$@")"); shift 2 ;;
            -h | --help) help; exit ;;
            --) shift; init_words=("$@"); break ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [[ $machine =~ ^(pc|q35|microvm)$ ]] \
        || usage_error "--machine is pc, q35 or microvm, not '$machine'"
    [[ $accel =~ ^(auto|kvm|tcg)$ ]] || usage_error "--accel is auto, kvm or tcg, not '$accel'"
    if is_counted; then
        [ "$accel" != kvm ] || usage_error "--instructions are counted by the emulation, not by KVM"
        accel=tcg timeout=${timeout:-600}
    fi
    [ -z "$target" ] || services=" hammock.target=$target"
    check_network
    [ -z "$ssh" ] || machine_to_log_in_to
    [ -n "$ssh" ] || check_init_words
    [ ${#list[@]} -eq 0 ] || names_of_list "${list[1]}"
    [ "$initramfs" != "$out/initramfs.cpio" ] || initramfs=$our_initramfs
    check_parts
    [ -n "$ssh" ] || [[ $mode =~ ^(check|instructions)$ ]] || find_program
    check_timelines
    if [ "$mode" = interactive ] && [ -n "$program" ]; then mode=run; fi
    if [ "$mode" = interactive ] && [ -z "$timeout" ] && [ ! -t 0 ]; then
        usage_error "there is no terminal to boot on: use --check, or --timeout SECONDS"
    fi
    [ -z "$ssh" ] || [ "$mode" != interactive ] || mode=serve
}

# machine_to_log_in_to: what --ssh boots if nothing else is named, and for what.
machine_to_log_in_to() {
    if [ ${#list[@]} -eq 0 ] && [ -z "$image$source" ]; then
        list=(--list "$root/toolchain/image/ssh.list")
    fi
    services=${services:-" hammock.services"}
    [ ${#init_words[@]} -eq 0 ] || take_job over-ssh
}

# check_target: refuses what is not the name of a target.
check_target() {
    [[ $target =~ ^[A-Za-z0-9:_.@-]{1,89}\.target$ ]] \
        || usage_error "--target takes the name of a target (multi-user.target), not '$target'"
}

# take_job NAME: notes what this boot is for; a boot has one job only.
take_job() {
    [[ $mode =~ ^(interactive|$1)$ ]] || usage_error "--$mode and --$1 are two jobs"
    mode=$1
}

# is_counted: whether this boot counts the guest's instructions.
is_counted() { [ "$mode" = instructions ]; }

# check_init_words: refuses what `-- WORDS` cannot carry.
check_init_words() {
    local word
    [ ${#init_words[@]} -le $init_words_limit ] || usage_error \
        "-- hands at most $init_words_limit words to init, and these are ${#init_words[@]}"
    for word in "${init_words[@]}"; do
        # The kernel knows double quotes, and no escape for them.
        [[ $word != *['"'$'\n']* ]] || usage_error "-- cannot hand '$word' to init"
        # It drops a second `--`, and all that is behind it.
        [ "$word" != -- ] || usage_error "-- cannot hand another '--' to init"
    done
}

# check_parts: refuses what an image of this boot's own, or of a list, has no use for.
check_parts() {
    # The first of the options that make one.
    local option=${list[0]-${parts[0]-}}
    [ -z "${list[0]-}" ] || [ -z "$source" ] \
        || usage_error "--root brings all that is in the image, and so does --list"
    if is_kept; then check_place; return; fi
    [ -z "$image" ] || readable_file --image "$image"
    [ -n "$option" ] || return 0
    if [ -n "$source" ]; then
        option=--root
        [ -z "$initramfs" ] \
            || usage_error "--root makes a disk, so there is no use for --initramfs"
        [ -z "$writable" ] || usage_error "--root makes an image for this boot alone, so --rw \
needs --image NEWFILE, where the image is kept (--append rw lets the guest write what is thrown away)"
    fi
    if [ -n "$image" ] || [[ $initramfs != "" && $initramfs != "$our_initramfs" ]]; then
        usage_error "$option makes an image, so there is no use for another one beside it"
    fi
    # The image of a list stays, and so its command line can be printed.
    option=${parts[0]-}
    [ "$mode" != dry-run ] || [ -z "$option" ] || usage_error "$option makes an image for one boot, \
and --dry-run boots nothing: scripts/build-image.sh $option makes one to keep, for --image"
}

# is_kept: whether the image of this boot's own stays, with what the guest has changed.
is_kept() { [ -n "$source" ] && [ -n "$writable" ] && [ -n "$image" ]; }

# check_place: of the image that is kept.
check_place() {
    [ -z "$initramfs" ] || usage_error "--root makes a disk, so there is no use for --initramfs"
    if [ -e "$image" ] || [ -L "$image" ]; then
        die "$exit_usage" "--image: there is a '$image' already, and --root would make it anew \
(without --root it is booted as it is)"
    fi
    [ -d "$(dirname "$image")" ] \
        || die "$exit_usage" "--image: there is no directory '$(dirname "$image")'"
    [ "$mode" != dry-run ] || usage_error "--root makes an image, and --dry-run makes nothing: \
scripts/build-image.sh --root makes one to keep, for --image"
}

# find_program: finds the program behind init's own options.
find_program() {
    local word
    for word in "${init_words[@]}"; do
        [[ $word == -* ]] || break
    done
    [[ ${word-} != /* ]] || program=$word
}

# --- what to boot ---------------------------------------------------------------------------

# prepare: everything that the boot needs is there once this returns.
prepare() {
    export HAMMOCK_NESTED=yes
    need_packages boot
    if [ ${#parts[@]} -gt 0 ]; then
        build_own_image
    elif [ "$initramfs" = "$our_initramfs" ] || [ -z "$image$initramfs" ]; then
        "$root/scripts/build-image.sh" "${list[@]}"
    fi
    if [ -z "$kernel" ]; then
        "$root/scripts/build-kernel.sh"
    else
        readable_file --kernel "$(kernel_file)"
    fi
    take_ports
    [ -z "$state" ] || prepare_state
    [ -z "$ssh" ] || prepare_ssh
}

# build_own_image: an image for this boot alone. This script opens it and removes its name. So
# nothing else can use it, and it goes when qemu and this script end, however they end. Where the
# user has named a place for it, it stays.
build_own_image() {
    local place=$out own
    ! is_kept || place=$(dirname "$image")
    writable_directory "$place"
    # Left by a script that was killed in the middle of this, which takes some minutes at most.
    is_kept || find "$out" -maxdepth 1 -name '.boot.*' -mmin +60 -exec rm -rf {} +
    work=$(mktemp -d "$place/.boot.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    # bash obeys these when build-image.sh has ended, and so nothing writes to $work any more.
    trap 'exit $exit_interrupted' INT TERM HUP
    "$root/scripts/build-image.sh" "${list[@]}" "${parts[@]}" --output "$work/own"
    if is_kept; then
        mv -nT "$work/own.img" "$image"
        [ ! -e "$work/own.img" ] || die "$exit_usage" "--image: there is a '$image' by now"
        say "the guest's changes stay in '$image' (--image boots it again)"
    elif [ -n "$initramfs" ]; then
        exec {own}<"$work/own.cpio"
        initramfs=/dev/fd/$own
    else
        exec {own}<>"$work/own.img"
        image=/dev/fd/$own
    fi
    rm -rf "$work"
    trap - EXIT INT TERM HUP
}

# kernel_file: qemu enters an uncompressed vmlinux directly (PVH), which is fastest. On the
# classic PC the BIOS and the bzImage's own loader start the kernel.
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
    network_hardware
    command_line+=$services$append
    [ "$mode" = over-ssh ] || [ ${#init_words[@]} -eq 0 ] || command_line+=" --$(printf ' "%s"' "${init_words[@]}")"
    [ ${#command_line} -le $command_line_limit ] || usage_error "the kernel's command line takes \
$command_line_limit bytes, and with these words it would have ${#command_line}"
    qemu=(qemu-system-x86_64 -kernel "$(kernel_file)" -append "$command_line" "${hardware[@]}")
    [ -z "$initramfs" ] || qemu+=(-initrd "$initramfs")
    [ -z "$memory" ] || qemu+=(-m "$memory")
    [ -z "$cpus" ] || qemu+=(-smp "$cpus")
    # Writes go to a temporary file without a name, so two boots can share the image.
    [ -n "$writable" ] || is_counted || qemu+=(-snapshot)
    # A nanosecond of the guest's clock is one instruction. qemu counts instructions only when
    # it records them, and the record itself is thrown away.
    ! is_counted || qemu+=(-icount 'shift=0,rr=record,rrfile=/dev/null')
    # -nographic has a PC's BIOS write to the serial line.
    if [ -n "$quiet" ]; then qemu+=(-display none); else qemu+=(-nographic); fi
    qemu+=("${console[@]}")
}

# The classic command line to the letter, with all that qemu puts into a PC by itself.
pc_hardware() {
    if has_disk && is_counted; then
        hardware+=(-drive "index=0,media=disk,$(drive)")
    elif has_disk; then
        hardware+=(-hda "$(disk)")
    fi
    if [ "$accel" = kvm ]; then hardware+=(-enable-kvm); else hardware+=(-accel tcg); fi
    # The bzImage's header asks for a read-only root by itself.
    [ -z "$writable" ] || command_line+=" rw"
    # With a program, this script waits for qemu's end, so a panic has to end qemu.
    [ -z "$program" ] || { hardware+=(-no-reboot); command_line+=" panic=-1"; }
}

q35_hardware() {
    hardware+=(-machine q35 -bios qboot.rom)
    bare_hardware
    ! has_disk || hardware+=(-device 'virtio-blk-pci,drive=root')
    command_line+=" $(root_mode) panic=-1"
}

microvm_hardware() {
    # With acpi=off qemu would put words for the kernel behind ours, and so behind `-- WORDS`.
    local board=microvm,acpi=on,x-option-roms=off
    # With this kind of ACPI the kernel has no use for the old timer and interrupt controller,
    # but would measure the processor's speed by that timer, which takes 8 ms or fails.
    [ "$accel" = kvm ] || board+=,pit=off,pic=off
    hardware+=(-machine "$board" -bios qboot.rom)
    bare_hardware
    ! has_disk || hardware+=(-device 'virtio-blk-device,drive=root')
    # t: a triple fault, the only way to reset a machine without a keyboard controller.
    command_line+=" $(root_mode) panic=-1 reboot=t"
    # Without tsc_early_khz this boot hangs when the host is busy: ARCHITECTURE.md says why.
    if [ "$accel" = tcg ]; then
        local khz
        # When instructions are counted, each one is a tick.
        khz=1000000
        is_counted || khz=$(tsc_khz) || exit
        command_line+=" tsc_early_khz=$khz"
    fi
}

# root_mode: a kernel entered by PVH mounts its root writable unless told not to.
root_mode() { if [ -n "$writable" ]; then echo rw; else echo ro; fi; }

# bare_hardware: only devices that the command line names; a panic ends qemu.
bare_hardware() {
    hardware+=(-nodefaults -no-user-config -no-reboot)
    if [ "$accel" = kvm ]; then
        hardware+=(-accel kvm -cpu host)
    else
        # A processor with these two features has the kernel fill memory byte by byte, which
        # hardware does quickly and an emulator does not.
        hardware+=(-accel tcg -cpu 'max,-erms,-fsrm')
    fi
    ! has_disk || hardware+=(-drive "if=none,id=root,$(drive)")
}

# A disk is there unless an initramfs takes its place.
has_disk() { [ -n "$image" ] || [ -z "$initramfs" ]; }
disk() { printf '%s' "${image:-$our_image}"; }

# drive: the disk, as the value of a qemu option.
drive() {
    local file throw_away=''
    file=$(disk)
    # qemu cannot record a boot with -snapshot, but it can record one with snapshot=on.
    if is_counted && [ -z "$writable" ]; then throw_away=,snapshot=on; fi
    # In such an option a comma stands for itself only when doubled.
    printf 'format=raw,file=%s%s' "${file//,/,,}" "$throw_away"
}

# tsc_khz: the speed of this processor's time stamp counter. A dry run measures it too, because
# the command line that it prints has to boot; but a dry run installs no packages before.
tsc_khz() {
    local program=$out/tsc-khz source=toolchain/host/tsc-khz.c
    if [ ! "$program" -nt "$root/$source" ] || [ ! "$program" -nt "$root/Sources/CHost/tsc.c" ]; then
        command -v gcc >/dev/null \
            || die "$exit_missing" "gcc is missing (apt-get install gcc libc6-dev)"
        writable_directory "$out"
        { gcc -O2 -o "$program.$$" "$root/$source" && mv "$program.$$" "$program"; } \
            || die "$exit_failed" "$source cannot be compiled"
    fi
    "$program" \
        || die "$exit_failed" "the speed of the processor's counter cannot be measured"
}

# --- KVM or emulation -----------------------------------------------------------------------

# choose_accelerator: turns `auto` into kvm or tcg, and says in one line what it took.
choose_accelerator() {
    local reason="as told by --accel"
    ! is_counted || reason="it counts instructions"
    if [ "$accel" = auto ]; then
        if reason=$(why_no_kvm); then
            accel=tcg
        elif [[ $mode =~ ^(check|dry-run)$ ]]; then
            # The check itself watches for the greeting, and falls back.
            accel=kvm fallback=tcg reason="/dev/kvm is there"
        elif kvm_boots; then
            accel=kvm reason="/dev/kvm is there and runs a guest"
        else
            accel=tcg reason="KVM did not get this kernel to the greeting within $kvm_patience s"
        fi
    fi
    [ -n "$quiet" ] || say "$machine, $accel ($reason)"
}

# why_no_kvm: prints why KVM cannot be used; fails if it may be usable.
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

# kvm_boots: whether this kernel gets to the greeting under KVM, with our own image. It tries
# again when the kernel or the machine has changed, or the host was restarted.
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
    say_how_to_leave
    [ -z "$timeout" ] || qemu=(timeout --foreground "$timeout" "${qemu[@]}")
    exec "${qemu[@]}"
}

say_how_to_leave() {
    if [ -t 0 ] && [ -z "$quiet" ]; then
        say "Ctrl-A X leaves, Ctrl-A C asks qemu, Ctrl-A H helps; Ctrl-C goes to the guest."
    fi
}

# --- for one program ------------------------------------------------------------------------

# run_program: boots, and ends with the code of the guest's program.
run_program() {
    local log status=0
    log_console
    trap end_run EXIT
    start_on_terminal
    wait "$qemu_pid" || status=$?
    qemu_pid=''
    [ -z "$copier" ] || wait "$copier" || true
    judge "$status"
}

# start_on_terminal: starts qemu, whose console is on this terminal, in the background.
start_on_terminal() {
    local qemu
    qemu_command
    # If this script is killed, qemu gets a signal, and gives the terminal its modes back.
    local guard=(setpriv --pdeathsig TERM)
    [ -z "$timeout" ] || guard+=(timeout --foreground "$timeout" "${guard[@]}")
    trap 'exit $exit_interrupted' INT TERM HUP
    connect
    say_how_to_leave
    # In the background, because bash runs a trap only after a foreground command has ended.
    "${guard[@]}" "${qemu[@]}" <&"$input" >&"$output" &
    qemu_pid=$!
    exec {input}<&- {output}>&-
}

# log_console: sets `log` to a file that qemu also writes the console to. The file has no name,
# so nothing is left of it, whatever happens.
log_console() {
    local file
    file=$(mktemp)
    exec {log}<>"$file"
    rm "$file"
    console=(-chardev "stdio,id=console,mux=on,signal=off,logfile=/dev/fd/$log"
        -serial chardev:console -mon chardev=console)
}

# connect: opens `input` and `output` for qemu. qemu makes both of them non-blocking. On a
# terminal it undoes that at the end. Other files may be shared with programs that it would break.
connect() {
    if [ -t 0 ]; then
        terminal=$(stty -g)
        exec {input}<&0
    else
        # The guest would lose the beginning of a file or a pipe, because its kernel empties the
        # serial line whenever it opens it. The line has no end of file, either.
        exec {input}</dev/null
    fi
    if [ -t 0 ] && [ -t 1 ]; then
        exec {output}>&1
    else
        exec {output}> >(exec cat)
        copier=$!
    fi
}

end_run() {
    end_qemu
    # The terminal may be gone.
    [ -z "$terminal" ] || stty "$terminal" 2>/dev/null || true
}

# judge STATUS: ends this script with the verdict, given how qemu (or timeout) has ended. The
# program may write a line that looks like a verdict, so the last one counts: it is init's.
judge() {
    local verdict
    verdict=$(tr -d '\r' <&"$log" \
        | grep -aoE '\[ *[0-9]+\.[0-9]{6}\] (init: program ended with code [0-9]+|Kernel panic - .*)' \
        | tail -n 1) || true
    case $verdict in
        *'] Kernel panic - '*)
            die "$exit_run_panic" "the guest's kernel panicked: ${verdict##*Kernel panic - not syncing: }" ;;
    esac
    [ "$1" -ne "$exit_timeout" ] || die "$exit_timeout" "$program did not end within $timeout s"
    [ -n "$verdict" ] || die "$exit_no_verdict" "qemu ended before $program did"
    die "${verdict##* }" "$program ended with code ${verdict##* }"
}

# --- without a terminal ---------------------------------------------------------------------

# prepare_to_watch: a directory for the console, and no qemu left behind.
prepare_to_watch() {
    work=$(mktemp -d)
    trap end_ssh EXIT
    trap 'exit $exit_interrupted' INT TERM
    # A qemu that has ended takes no keys; that shows on the console soon enough.
    trap '' PIPE
}

# check: boots, watches, judges; under `auto`, tries once more without KVM.
check() {
    prepare_to_watch
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

# count_instructions: boots, and asks qemu how many instructions it has emulated.
count_instructions() {
    prepare_to_watch
    local verdict=0
    boot_to_greeting "$timeout" || verdict=$?
    # Ctrl-A C leads to qemu's monitor. The guest is asleep, and runs next to nothing until
    # the monitor has read the line.
    [ "$verdict" -ne 0 ] || printf '\001cinfo replay\n' >&"$to_guest" || true
    [ "$verdict" -ne 0 ] || await instructions_are_known || verdict=$?
    [ "$verdict" -eq 0 ] || { show_console; die "$verdict" "$failure"; }
    printf 'greeting after %d instructions (%s)\n' "${BASH_REMATCH[1]}" "$machine"
}

show_console() {
    say "--- qemu's complaints and the console's last lines ---"
    cat "$work/complaints" >&2
    tail -n 40 "$work/console" | tr -d '\r' >&2
    say "---"
}

# boot_to_greeting SECONDS OPTION...: one boot as far as the greeting, with these options of
# qemu's. Returns an exit code. Sets `failure` if the code is not 0, and `greeted_after`
# (milliseconds since qemu was started) if it is 0.
boot_to_greeting() {
    local qemu
    qemu_command
    qemu+=("${@:2}")
    : >"$work/console"
    guest_text=''
    greeted_after=''
    set_now
    local started=$now
    deadline=$((started + $1 * 1000))
    record qemu
    # If this script is killed, the kernel ends qemu with it.
    coproc guest { exec setpriv --pdeathsig KILL "${qemu[@]}" 2>"$work/complaints"; }
    qemu_pid=$!
    # bash closes the descriptors of a coprocess that has ended; these copies stay open.
    exec {from_guest}<&"${guest[0]}" {to_guest}>&"${guest[1]}"

    await "$goal" || return
    greeted_after=$((now - started))
}

# watch SECONDS: one boot to the greeting, and a look at PID 1 later. Returns and sets the same.
watch() {
    boot_to_greeting "$1" || return
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

# doubt_pid_1 CODE: returns CODE; if it is a timeout, says what that means here.
doubt_pid_1() {
    [ "$1" -ne "$exit_timeout" ] || failure="greeted, but the kernel does not say whether PID 1 lives
(it answers SysRq with CONFIG_MAGIC_SYSRQ_SERIAL; --append sysrq_always_enabled may help)"
    return "$1"
}

# await CONDITION: reads the console until CONDITION holds. Returns an exit code and sets
# `failure` if it does not: the time is up, qemu has ended, or the kernel has panicked.
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
            # The lines that follow show how the panic came about.
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

# take_in LINE STATUS: adds a line (or a piece of one, if there is no newline yet) to the
# console's log. Adds the parts that are not the kernel's to `guest_text`. The kernel may print
# in the middle of a line of init's; without the kernel's lines, init's are whole again.
take_in() {
    local text=${1%$'\r'} newline=$'\n'
    [ "$2" -eq 0 ] || newline=''
    printf '%s%s' "$1" "$newline" >>"$work/console"
    record "console $1"
    if [[ $text =~ ^(.*)\[\ *[0-9]+\.[0-9]{6}\]\  ]]; then
        guest_text+=${BASH_REMATCH[1]}
    else
        guest_text+=$text$newline
    fi
}

# record TEXT: adds it with the time, in microseconds, to the recording, if there is one.
record() { [ -z "$recording" ] || printf '%s %s\n' "${EPOCHREALTIME/[.,]/}" "$1" >>"$recording"; }

greeting_is_whole() { [[ $guest_text == *"$greeting"* ]]; }
instructions_are_known() { [[ $line =~ instruction\ count\ =\ ([0-9]+) ]]; }
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
