# For the scripts that make another Debian.
# shellcheck shell=bash

# debian_sources SUITE: prints this machine's lines of apt's for its own Debian, with SUITE in the
# place of its own suite.
debian_sources() {
    local suite=$1 here uri codename
    here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # apt's own placeholders
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | sort -u \
        | while read -r uri codename; do
            case $codename in
                "$here" | "$here-updates" | "$here-security")
                    echo "deb $uri $suite${codename#"$here"} main" ;;
            esac
        done
}
