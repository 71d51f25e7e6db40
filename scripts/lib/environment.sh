# shellcheck shell=bash
# Brings a machine to where vineyardctl builds and its Python client runs. To be
# sourced, with ROOT set to the repository. Everything it prints goes to stderr.

# What `swift build` needs besides the toolchain itself, and what the tests call.
SWIFT_PACKAGES=(build-essential git libc6-dev libcurl4-openssl-dev libncurses6 libsqlite3-0 libxml2 libyaml-dev zlib1g-dev)
PYTHON_PACKAGES=(python3 python3-venv)
# shellcheck disable=SC2034 # scripts/test installs these
TEST_PACKAGES=(apache2-utils etcd-client etcd-server fish iproute2 mount strace util-linux zsh)
# Any kubectl will do; a newer one must not be overwritten.
command -v kubectl >/dev/null || TEST_PACKAGES+=(kubernetes-client)
# shellcheck disable=SC2034 # and these, to build an image and to run containers of it
IMAGE_PACKAGES=(buildah debootstrap dnsmasq-base runc)
SWIFT_MINIMUM=6.3
PYTHON_VERSIONS='3\.(11|12)'

say() { printf '%s %s\n' "$1" "$2" >&2; }

die() {
  say ✗ "$1"
  exit 1
}

# Install the Debian packages among the arguments that are missing. On other systems,
# and where nothing is missing, this does nothing.
ensure_packages() {
  command -v dpkg-query >/dev/null || return 0
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || command -v sudo >/dev/null ||
    die "missing Debian packages; as root: apt-get install ${missing[*]}"
  say ► "installing Debian packages: ${missing[*]}"
  if [[ -z ${APT_UPDATED:-} ]]; then
    as_root apt-get update -qq >&2 || die "apt-get update failed"
    APT_UPDATED=yes
  fi
  as_root sh -c "$INSTALL_WITHOUT_SERVICES" sh "${missing[@]}" >&2 || die "could not install: ${missing[*]}"
}

# Installs packages; services that they bring along are not started (invoke-rc.d(8)) and stay off.
# shellcheck disable=SC2016 # what is in it is expanded by the shell that runs it
INSTALL_WITHOUT_SERVICES='
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    trap "exit 1" INT TERM
    printf "#!/bin/sh\nexit 101\n" >"$policy" && chmod 755 "$policy" || exit 1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" || exit 1
  for package; do
    [ "$package" != etcd-server ] || [ ! -d /run/systemd/system ] || systemctl --quiet disable etcd.service || exit 1
  done'

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Check that `swift` is there and new enough.
ensure_swift() {
  local version
  command -v swift >/dev/null ||
    die "swift not found; install Swift $SWIFT_MINIMUM or newer (https://www.swift.org/install) and put it on PATH"
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' | head -n 1)
  [[ $(printf '%s\n' "$SWIFT_MINIMUM" "${version:-0}" | sort -V | head -n 1) == "$SWIFT_MINIMUM" ]] ||
    die "Swift $SWIFT_MINIMUM or newer is needed, found ${version:-no version} (https://www.swift.org/install)"
}

# Print the first Python the pinned client has a wheel for.
find_python() {
  local python
  for python in python3.11 python3 python3.12 /usr/bin/python3; do
    if "$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null | grep -qxE "$PYTHON_VERSIONS"; then
      command -v "$python"
      return 0
    fi
  done
  return 1
}

# Make a virtual environment hold exactly what a requirements file says; at once when it already does.
# A function named by the third argument may finish a new one.
ensure_environment() {
  local venv=$1 requirements=$2 finish=${3:-true} python stamp lock
  stamp=$(sha256sum <"$requirements")
  venv_is_current() {
    [[ $(cat "$venv/stamp" 2>/dev/null) == "$stamp" ]] && "$venv/bin/python" -c '' 2>/dev/null
  }
  venv_is_current && return 0
  ensure_packages "${PYTHON_PACKAGES[@]}"
  python=$(find_python) ||
    die "Python 3.11 or 3.12 is needed (the released vineyard client has no wheel for others)"
  mkdir -p "$ROOT/.build"
  exec {lock}>"$ROOT/.build/${venv##*/}.lock"
  flock "$lock"
  if ! venv_is_current; then
    say ► "installing ${requirements#"$ROOT"/} into ${venv##*/} ($("$python" --version))"
    rm -rf "$venv"
    interruptible "$python" -m venv "$venv" >&2 || die "could not create $venv (is python3-venv installed?)"
    interruptible "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      --requirement "$requirements" >&2 || die "pip install failed, see above"
    "$finish" "$venv"
    printf '%s\n' "$stamp" >"$venv/stamp"
  fi
  exec {lock}>&-
}

# What the tests and the benchmark run in.
ensure_python() {
  ensure_environment "$ROOT/.venv" "$ROOT/requirements.txt"
}

# What builds and tests the Python package, beside the environment of the released client.
ensure_package_python() {
  ensure_environment "$ROOT/.venv-python" "$ROOT/python/requirements.txt"
}

# What the steps of the example run in: the same as in their image (examples/kubeflow/Dockerfile).
ensure_example_python() {
  ensure_environment "$ROOT/.venv-example" "$ROOT/examples/kubeflow/requirements.txt" leave_out_programs
}

# The same with our client instead of the released one, as the tree has it now.
ensure_own_example_python() {
  local venv=$ROOT/.venv-example-own requirements=$ROOT/.build/requirements-example-own.txt build stamp lock
  mkdir -p "$ROOT/.build"
  exec {lock}>"$ROOT/.build/own-client.lock"
  flock "$lock"
  # Written only when it changes: other runs may be reading it.
  grep -vE '^vineyard(-bdist)?==' "$ROOT/examples/kubeflow/requirements.txt" >"$requirements.new"
  cmp -s "$requirements.new" "$requirements" || mv "$requirements.new" "$requirements"
  rm -f "$requirements.new"
  ensure_environment "$venv" "$requirements"
  stamp=$(cd "$ROOT/python" && find pyproject.toml vineyard -type f ! -name '*.pyc' -exec sha256sum {} + | sort | sha256sum)
  if [[ $(cat "$venv/client-stamp" 2>/dev/null) != "$stamp" ]]; then
    say ► "installing python/ into ${venv##*/}"
    build=$ROOT/.build/own-client # what a build leaves behind stays out of python/
    rm -rf "$build"
    cp -r "$ROOT/python" "$build"
    cp "$ROOT/LICENSE" "$build/"
    interruptible "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
      --force-reinstall "$build" >&2 || die "could not install python/, see above"
    rm -rf "$build"
    printf '%s\n' "$stamp" >"$venv/client-stamp"
  fi
  exec {lock}>&-
}

# An SDK of Kubeflow Pipelines, v1 or v2, to compile the example's pipelines; the two cannot share an environment.
ensure_kfp() {
  ensure_environment "$ROOT/.venv-kfp-$1" "$ROOT/examples/kubeflow/requirements-kfp-$1.txt"
}

# The package starts the vineyardctl it brings along at every import, which takes 0.2 s and which no step needs.
leave_out_programs() {
  rm -f "$1"/lib/python3*/site-packages/vineyard/bdist/vineyard{ctl,d}
}

# Build the release binary; one build at a time, however many scripts ask.
build_release() {
  local lock
  ensure_packages "${SWIFT_PACKAGES[@]}"
  ensure_swift
  mkdir -p "$ROOT/.build"
  exec {lock}>"$ROOT/.build/release.lock"
  flock --nonblock "$lock" || { say ◎ "waiting for another build" && flock "$lock"; }
  say ► "building vineyardctl (the first build takes minutes)"
  interruptible swift build --package-path "$ROOT" -c release --static-swift-stdlib --product vineyardctl \
    >&2 {lock}>&- || die "swift build failed, see above"
  exec {lock}>&-
}

# Run a command in a process group of its own, and end the whole group when this shell is told to
# stop. A subshell around the call would defeat it.
interruptible() {
  local child status
  trap 'end_group "$child"; exit 143' TERM
  trap 'end_group "$child"; exit 130' INT
  setsid "$@" &
  child=$!
  wait "$child" && status=0 || status=$?
  trap - TERM INT
  return "$status"
}

end_group() {
  kill -TERM -- "-$1" 2>/dev/null || true
  wait "$1" || true
}
