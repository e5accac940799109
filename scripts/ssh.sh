#!/usr/bin/env bash
# Logs in to the machine that scripts/boot.sh --ssh runs, or runs a command in it.
#
#   scripts/ssh.sh [--port PORT] [COMMAND...]
#   scripts/ssh.sh --list     shows the machines that run, one a line
#   scripts/ssh.sh --help
#
#   --port PORT   which machine, if more than one runs
#
# It is a front to `hammock ssh`, for the machines of this checkout. hammock ssh finds a machine by
# its name, too, and those of other checkouts.
#
# Ends with the command's own exit code, or with 255 if ssh itself failed. Other clients find the
# machine by the same file: scp -F out/ssh/PORT/config FILE hammock:

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

main() {
    local port='' ports
    while [ $# -gt 0 ]; do
        case $1 in
            --port) port=$(value_of "$@"); whole_number --port "$port"; shift 2 ;;
            --list) machines; exit ;;
            -h | --help) help; exit ;;
            --) shift; break ;;
            -*) usage_error "unknown option '$1'" ;;
            *) break ;;
        esac
    done
    mapfile -t ports < <(machines)
    if [ -n "$port" ]; then
        [[ " ${ports[*]} " == *" $port "* ]] \
            || die "$exit_usage" "no machine runs with port $port (there are: ${ports[*]:-none})"
    else
        [ ${#ports[@]} -gt 0 ] || die "$exit_usage" "no machine runs (scripts/boot.sh --ssh starts one)"
        [ ${#ports[@]} -eq 1 ] || usage_error "more than one machine runs: --port ${ports[*]}"
        port=${ports[0]}
    fi
    exec "$root/scripts/hammock" ssh --from "$out/ssh" "$port" -- "$@"
}

# machines: the ports of those that run.
machines() { "$root/scripts/hammock" ssh --from "$out/ssh" --list | cut -d' ' -f1; }

main "$@"
