#!/usr/bin/env bash
#
# Installs what the tests need and this machine lacks, and says loudly what it could not
# do and what is skipped for it. It never fails for a missing thing: the tests which need
# one skip themselves.
#
#   e2e/setup.sh test     Debian packages and base images for `make test`
#   e2e/setup.sh bench    Debian packages for `make bench`
#   e2e/setup.sh skipped  repeat what the last run said would be skipped
set -euo pipefail
cd "$(dirname "$0")/.."

readonly notes=.e2e/skipped
# Daemons and debootstrap live where only root looks.
PATH=$PATH:/usr/sbin:/sbin

# skip WHAT WHY
skip() { printf '%s: %s\n' "$1" "$2" >>"$notes"; }

have() { command -v "$1" >/dev/null; }

# The interpreter by its path: one that a version manager puts in front in PATH
# does not see Debian's modules.
have_tornado() { /usr/bin/python3 -c 'import tornado' 2>/dev/null; }
have_module() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
have_libc_headers() { [ -e /usr/include/stdio.h ]; }
have_engine() { have docker && docker version >/dev/null 2>&1; }
have_compose() { docker compose version >/dev/null 2>&1 || have docker-compose; }

# wanted FOR prints "package: what needs it" for each missing Debian package.
wanted() {
	have gcc || echo "gcc: the race detector, the benchmark's C programs"
	have_libc_headers || echo "libc6-dev: the race detector, the benchmark's C programs"
	case $1 in
	test)
		have_tornado || echo "python3-tornado: scenarios with real Tornado workers"
		have_module gunicorn || echo "gunicorn: gunicorn's parser behind the front door, held bodies for WSGI"
		have_module django || echo "python3-django: held bodies for Django"
		have php || echo "php-cli: held bodies for php -S"
		have node || echo "nodejs: held bodies for Node"
		have_module h11 || echo "python3-h11: h11 behind the front door"
		have_module uvicorn || echo "uvicorn: uvicorn behind the front door"
		have_module httptools || echo "python3-httptools: Node's parser behind the front door"
		have_module websockets || echo "python3-websockets: WebSockets from a real client"
		have curl || echo "curl: commands of the README, uploads of a real client"
		have zsh || echo "zsh: its completion"
		have fish || echo "fish: its completion"
		have strace || echo "strace: counts of system calls"
		have tini || echo "tini: the table of inits"
		have dumb-init || echo "dumb-init: the table of inits"
		have catatonit || echo "catatonit: the table of inits"
		have unshare || echo "util-linux: scenarios with a real PID 1"
		if have_engine; then
			have_compose || echo "docker-compose: scenarios in containers"
			have debootstrap || echo "debootstrap: stand-ins for base images that cannot be pulled"
		fi
		;;
	bench)
		have nginx || echo "nginx-light: the comparison with nginx"
		have haproxy || echo "haproxy: the comparison with HAProxy"
		have wrk || echo "wrk: the load"
		have strace || echo "strace: counts of system calls"
		have supervisord || echo "supervisor: lost requests beside supervisord"
		have_module gunicorn || echo "gunicorn: lost requests beside gunicorn"
		have_tornado || echo "python3-tornado: the workers that lose no request"
		have node || echo "nodejs: workers in Node that lose no request"
		have unshare || echo "util-linux: lost requests behind a real PID 1"
		;;
	esac
}

# install PACKAGE… as root, on a Debian. No service is started for it: policy-rc.d is how
# Debian lets an administrator say so.
install() {
	local policy=/usr/sbin/policy-rc.d ours=
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		ours=yes
	fi
	echo "setup: apt-get install $*"
	DEBIAN_FRONTEND=noninteractive apt-get -q update >/dev/null 2>&1 || true
	DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@" </dev/null >.e2e/apt.log 2>&1 ||
		tail -n 5 .e2e/apt.log
	[ -z "$ours" ] || rm -f "$policy"
}

packages() {
	local missing why=
	missing=$(wanted "$1")
	[ -n "$missing" ] || return 0
	if ! have apt-get; then
		why="this is no Debian: install it by hand"
	elif [ "$(id -u)" -ne 0 ]; then
		why="not root: run 'sudo apt-get install' for it"
	else
		# shellcheck disable=SC2046 # one word per package
		install $(cut -d: -f1 <<<"$missing")
		missing=$(wanted "$1")
		why="apt-get could not install it, see .e2e/apt.log"
	fi
	while IFS=: read -r package use; do
		[ -z "$package" ] || skip "${use# }" "$package is missing ($why)"
	done <<<"$missing"
}

images() {
	if ! have docker; then
		skip "everything in containers" "there is no docker command"
	elif ! have_engine; then
		skip "everything in containers" "no Docker engine answers"
	elif ! e2e/images/stand-in.sh; then
		skip "everything in containers" "the base images are missing, see above"
	fi
}

skipped() {
	[ -s "$notes" ] || return 0
	printf '\n******** SKIPPED, and why ********\n'
	sed 's/^/**  /' "$notes"
	printf '**********************************\n\n'
}

# alone waits for another run of this script on the machine: apt-get and debootstrap share their files with it. It holds the
# lock for as long as the script runs.
alone() {
	have flock || return 0
	exec 9>>"${TMPDIR:-/tmp}/percore-setup.$(id -u).lock"
	flock 9
}

main() {
	mkdir -p .e2e
	case ${1-} in
	test)
		: >"$notes"
		alone
		packages test
		[ "$(id -u)" -eq 0 ] || skip "scenarios with other users or a real PID 1" "not root"
		images
		skipped
		;;
	bench)
		: >"$notes"
		alone
		packages bench
		skipped
		;;
	skipped) skipped ;;
	*)
		echo "usage: e2e/setup.sh test|bench|skipped" >&2
		exit 2
		;;
	esac
}

main "$@"
