#!/usr/bin/env bash
# Builds kube-apiserver from Debian bookworm's source and fetches etcd, into the user's cache; prints the folder.
#
# Nothing is installed and no right of root is needed: Debian's compiler and etcd are unpacked into the cache.
# Needs apt, dpkg-dev, make and xz on a Debian or Ubuntu machine; installs what is missing of these when root.
# About 7 minutes and 3 GB while it runs, 250 MB afterwards. A second call finds the result and ends at once.
set -euo pipefail

recipe=1  # count up when the steps below change what is built
cache="${KEYPROOF_KUBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/keyproof-tests}/kubernetes-debian12-$recipe"
if [ -x "$cache/kube-apiserver" ] && [ -x "$cache/etcd" ]; then
  echo "$cache"
  exit
fi
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9  # a second build waits for the first
if [ -x "$cache/kube-apiserver" ] && [ -x "$cache/etcd" ]; then
  echo "$cache"
  exit
fi
log="$cache/build.log"
exec 3>&1 >"$log" 2>&1
trap 'code=$?; if [ $code -ne 0 ]; then tail -n 20 "$log"; echo "kube-apiserver could not be built; see $log"; fi >&3' EXIT

missing=""
for pair in dpkg-source:dpkg-dev make:make xz:xz-utils patch:patch gpgv:gpgv; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
if [ -n "$missing" ]; then
  sudo=""; [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
fi

work="$cache/work"
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/debs" "$work/root" "$work/go/src/k8s.io"
cd "$work"
# The machine's own list of sources stays as it is: apt is given one with source packages, and folders of its own.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for kind in deb deb-src; do
  echo "$kind [signed-by=$keyring] ${KEYPROOF_DEBIAN_MIRROR:-http://deb.debian.org/debian} bookworm main"
done >sources.list
apt() {
  apt-get -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o APT::Sandbox::User="$(id -un)" "$@"
}
apt update
(cd debs && apt download golang-1.19-go golang-1.19-src etcd-server rsync golang-github-modern-go-reflect2-dev)
for deb in debs/*.deb; do dpkg -x "$deb" root; done
apt source kubernetes
mv kubernetes-*/ go/src/k8s.io/kubernetes
# The vendored reflect2 reads Go's tables of types, which Go 1.18 changed: it crashes on every custom resource.
reflect2=go/src/k8s.io/kubernetes/vendor/github.com/modern-go/reflect2
rm -f "$reflect2"/*.go "$reflect2"/*.s
cp root/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$reflect2"
rm -f "$reflect2"/*_test.go

export GOROOT="$work/root/usr/lib/go-1.19" GOPATH="$work/go" GOCACHE="$work/gocache" GOFLAGS="" GO111MODULE=off
export CGO_ENABLED=0 KUBE_GIT_TREE_STATE=archive KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_COMMIT=debian
export PATH="$GOROOT/bin:$work/root/usr/bin:$PATH"
cd go/src/k8s.io/kubernetes
nice -n "${KEYPROOF_BUILD_NICE:-0}" make WHAT=cmd/kube-apiserver
cp _output/local/go/bin/kube-apiserver "$cache/kube-apiserver.new"
cp "$work/root/usr/bin/etcd" "$cache/etcd"
mv "$cache/kube-apiserver.new" "$cache/kube-apiserver"  # last, and whole: the result is never half there
cd "$cache"
rm -rf "$work"
echo "$cache" >&3
