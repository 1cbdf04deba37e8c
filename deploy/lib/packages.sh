# Sourced by quickstart and test: what has to be on the machine, installed when it is not. Callers define say and fail.
# shellcheck shell=bash

# install_missing PROGRAM:PACKAGE... installs with apt-get the packages whose program is not found.
install_missing() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    install_packages "${missing[@]}"
  fi
}

# install_packages PACKAGE... installs them, quietly; on failure apt-get's own words are shown.
install_packages() {
  local log
  say "Installing $*."
  [ "$(id -u)" = 0 ] || fail "these packages are missing and only root can install them: $*"
  command -v apt-get >/dev/null || fail "these packages are missing and there is no apt-get; install them by hand: $*"
  log=$(mktemp)
  if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install $*"
  fi
  rm -f "$log"
}

# jdk_version HOME prints the feature version of the JDK there, or 0 when there is no JDK (a JRE has no javac).
jdk_version() {
  local version
  [ -x "$1/bin/javac" ] || { echo 0; return; }
  version=$("$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  echo "${version:-0}"
}

# find_jdk LEAST prints the home of a JDK of at least that version: the caller's choice first, then those installed.
find_jdk() {
  local home javac
  javac=$(command -v javac || true)
  for home in "${JAVA_HOME:-}" ${javac:+"$(dirname "$(dirname "$(readlink -f "$javac")")")"} /usr/lib/jvm/*; do
    if [ -n "$home" ] && [ "$(jdk_version "$home")" -ge "$1" ]; then
      echo "$home"
      return
    fi
  done
  return 1
}

# require_jdk sets and exports JAVA_HOME to a JDK of version 17 or newer; the oldest that the distribution has is installed.
require_jdk() {
  local home version
  if ! home=$(find_jdk 17); then
    [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || apt-get -qq update
    for version in 17 21 25; do
      if apt-cache show "openjdk-$version-jdk-headless" >/dev/null 2>&1; then
        break
      fi
    done
    install_packages "openjdk-$version-jdk-headless"
    home=$(find_jdk 17) || fail "no JDK of version 17 or newer was found after openjdk-$version-jdk-headless was installed; set JAVA_HOME"
  fi
  export JAVA_HOME=$home
}

# require_maven leaves a Maven of at least 3.8.7 in PATH.
require_maven() {
  local version
  install_missing mvn:maven
  version=$(mvn -B -v 2>/dev/null | sed -n 's/.*Apache Maven \([0-9.]*\).*/\1/p' | head -n 1)
  if [ "$(printf '%s\n' 3.8.7 "$version" | sort -V | head -n 1)" != 3.8.7 ]; then
    fail "Maven is ${version:-unknown}; 3.8.7 or newer is needed in PATH (Debian 12 and Ubuntu 24.04 have it)"
  fi
}
