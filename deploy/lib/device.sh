# Sourced by quickstart: an NBD export as a block device. The kernel's nbd driver where it is there, else nbdfuse (the
# export as a file) and a loop device on it. Callers define say and fail, and $work, a directory of their own.
# shellcheck shell=bash disable=SC2154

device=       # the block device while connected
device_kind=  # kernel | fuse, chosen once
fuse_pid=

choose_device_kind() {
  if [ ! -e /dev/nbd0 ] && command -v modprobe >/dev/null; then
    modprobe -q nbd || true
  fi
  if [ -e /dev/nbd0 ]; then
    device_kind=kernel
    install_missing nbd-client:nbd-client
    say "The kernel has its nbd driver; it will make the block device."
  else
    device_kind=fuse
    install_missing nbdfuse:libnbd-bin fusermount3:fuse3
    if [ ! -e /dev/fuse ] || [ ! -e /dev/loop-control ]; then
      fail "this kernel gives neither /dev/nbd0 nor both of /dev/fuse and /dev/loop-control; no block device can be made"
    fi
    say "The kernel has no nbd driver; nbdfuse and a loop device will make the block device."
  fi
}

# connect_device SOCKET EXPORT sets $device.
connect_device() {
  case $device_kind in
    kernel) connect_kernel "$1" "$2" ;;
    fuse) connect_fuse "$1" "$2" ;;
  esac
}

connect_kernel() {
  local candidate
  for candidate in /dev/nbd[0-9] /dev/nbd[0-9][0-9]; do
    if [ -b "$candidate" ] && [ ! -e "/sys/block/${candidate#/dev/}/pid" ]; then
      nbd-client -unix "$1" "$candidate" -name "$2" -b 512 >>"$work/nbd-client.log" 2>&1 \
        || fail "nbd-client could not connect $candidate: $(tail -n 1 "$work/nbd-client.log")"
      device=$candidate
      return
    fi
  done
  fail "every /dev/nbdN is in use"
}

connect_fuse() {
  local file="$work/fuse/$2"
  mkdir -p "$work/fuse"
  setsid nbdfuse -C 4 "$file" "nbd+unix:///$2?socket=$1" >>"$work/nbdfuse.log" 2>&1 &
  fuse_pid=$!
  disown "$fuse_pid" # else bash reports how it ended, and after a kill of the service it ends by an assertion
  until [ -e "$file" ]; do
    kill -0 "$fuse_pid" 2>/dev/null || fail "nbdfuse ended: $(tail -n 1 "$work/nbdfuse.log")"
    sleep 0.1
  done
  device=$(losetup --find --show --sector-size 512 --direct-io=on "$file") || fail "no loop device on $file"
}

# disconnect_device takes the block device away, also when its server is gone. It does nothing when there is none.
disconnect_device() {
  if [ "$device_kind" = kernel ] && [ -n "$device" ]; then
    nbd-client -d "$device" >>"$work/nbd-client.log" 2>&1
    local tries=0
    while [ -e "/sys/block/${device#/dev/}/pid" ] && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
  elif [ "$device_kind" = fuse ]; then
    [ -z "$device" ] || losetup --detach "$device"
    if [ -n "$fuse_pid" ]; then
      # A server that went away may have taken nbdfuse with it: its mount is there all the same.
      fusermount3 -q -u "$work/fuse" 2>/dev/null || fusermount3 -q -u -z "$work/fuse" 2>/dev/null || true
      while kill -0 "$fuse_pid" 2>/dev/null; do
        sleep 0.1
      done
    fi
    fuse_pid=
  fi
  device=
}
