#!/usr/bin/env bash
# Takes nats-server out of Debian 13's package and puts it into the folder given: for a machine whose own package is too old (see docs/operations.md).
# Nothing else of the system is changed: package lists and the package itself stay in a folder that is removed again.
set -euo pipefail
target=${1:?usage: install-nats-server.sh FOLDER}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" >"$work/sources.list"
apt_here=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
apt-get "${apt_here[@]}" update
cd "$work"
apt-get "${apt_here[@]}" download nats-server
dpkg-deb -x nats-server_*.deb unpacked
install -m 755 unpacked/usr/sbin/nats-server "$target/nats-server"
"$target/nats-server" --version
