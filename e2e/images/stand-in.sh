#!/usr/bin/env bash
#
# Makes local stand-ins of the two public base images the Dockerfile names, where they
# are absent and no registry answers. An image which is here already, or can be pulled,
# is left as it is, so running this again costs nothing.
#
# A stand-in is Debian bookworm as debootstrap makes it. It also carries what lets this
# machine reach the package archive and the module proxy (CA bundle, apt's proxy,
# changed Go settings), read from this machine at run time.
set -euo pipefail

readonly debian=debian:bookworm-slim
readonly golang=golang:1.26-bookworm
readonly suite=bookworm
readonly go_release=go1.26
readonly ca_bundle=/etc/ssl/certs/ca-certificates.crt
# A registry that cannot be reached says so within seconds; this is for one that hangs.
readonly pull_timeout=${PULL_TIMEOUT:-180}

work=

say() { printf 'images: %s\n' "$*"; }

die() {
	printf 'images: %s\n' "$*" >&2
	exit 1
}

# obtain IMAGE succeeds when IMAGE is here, pulling it where that is possible.
obtain() {
	if docker image inspect "$1" >/dev/null 2>&1; then
		say "$1 is here"
	elif timeout "$pull_timeout" docker pull --quiet "$1" >/dev/null 2>&1; then
		say "$1 pulled"
	else
		return 1
	fi
}

check_means() {
	[ "$(id -u)" -eq 0 ] || die "$* cannot be pulled, and making a stand-in takes root (debootstrap)"
	command -v debootstrap >/dev/null || die "$* cannot be pulled, and debootstrap is missing: apt-get install debootstrap"
}

# make_root DIR fills DIR with a minimal Debian.
make_root() {
	local root=$1
	say "debootstrap $suite: about a minute"
	debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" >"$work/log" 2>&1 ||
		{ tail -n 20 "$work/log" >&2; die "debootstrap $suite: see above"; }
	cp "$ca_bundle" "$root$ca_bundle"
	apt-config dump | grep -iE '^Acquire::(http|https)::Proxy' >"$root/etc/apt/apt.conf.d/90host-proxy" || true
	# The slim image leaves these out too: fewer files make every later layer quicker.
	printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$root/etc/dpkg/dpkg.cfg.d/slim"
	rm -rf "$root"/usr/share/{doc,man,info,locale}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
	rm -f "$root"/var/cache/apt/archives/*.deb "$root"/etc/resolv.conf "$root"/etc/hostname
}

# add_go DIR turns the Debian in DIR into a builder: git and this machine's Go.
add_go() {
	local root=$1 goroot release
	release=$(go env GOVERSION)
	case $release in
	"$go_release" | "$go_release".*) ;;
	*) die "$golang needs $go_release, and this machine's Go is $release" ;;
	esac
	goroot=$(go env GOROOT)
	say "adding git and $release"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	chroot "$root" sh -c 'apt-get -q update && apt-get -q install -y --no-install-recommends git && apt-get clean' \
		>"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "apt-get install git: see above"; }
	rm -rf "$root"/etc/resolv.conf "$root"/var/lib/apt/lists/*
	mkdir -p "$root/usr/local/go" "$root/go/src" "$root/go/bin"
	tar -C "$goroot" --exclude=./api --exclude=./test --exclude=./doc -c . | tar -C "$root/usr/local/go" -x
	# -changed lists NAME='value'; go.env wants it bare.
	go env -changed GOPROXY GOSUMDB GONOSUMDB GONOPROXY GOPRIVATE GOINSECURE GOFLAGS |
		sed -E "s/^([A-Z]+)='(.*)'\$/\1=\2/" >>"$root/usr/local/go/go.env"
}

# import DIR IMAGE [CHANGE…] loads DIR as IMAGE with Dockerfile instructions applied.
import() {
	local root=$1 image=$2 changes=(--change 'LABEL percore.stand-in=true')
	shift 2
	for change in "$@"; do changes+=(--change "$change"); done
	tar -C "$root" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c . |
		docker import "${changes[@]}" - "$image" >/dev/null
	say "$image made as a stand-in"
}

main() {
	local absent=() image
	for image in "$debian" "$golang"; do
		obtain "$image" || absent+=("$image")
	done
	[ ${#absent[@]} -gt 0 ] || return 0

	check_means "${absent[@]}"
	work=$(mktemp -d)
	trap 'rm -rf --one-file-system "$work"' EXIT
	make_root "$work/root"
	case " ${absent[*]} " in *" $debian "*)
		import "$work/root" "$debian" 'CMD ["bash"]'
		;;
	esac
	case " ${absent[*]} " in *" $golang "*)
		add_go "$work/root"
		import "$work/root" "$golang" 'ENV GOPATH=/go' 'ENV GOTOOLCHAIN=local' \
			'ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
			'WORKDIR /go' 'CMD ["bash"]'
		;;
	esac
}

main "$@"
