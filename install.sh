#!/usr/bin/env bash
# Builds and installs guardsh.
#
#   ./install.sh --try         for this user, below ~/.local, and opens a guarded shell to look at
#   ./install.sh --uninstall   takes away what --try installed; configuration and logs stay
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'guardsh: %s\n' "$*"; }
fail() { printf 'guardsh: %s\n' "$1" >&2; [ $# -lt 2 ] || printf '  next  %s\n' "$2" >&2; exit 1; }

here=$PWD
from=${GUARDSH_TRY_FOLDER:-$OLDPWD}
bin_folder="${HOME:?}/.local/bin"
bin="$bin_folder/guardsh"
config="${XDG_CONFIG_HOME:-$HOME/.config}/guardsh.toml"
state="${XDG_STATE_HOME:-$HOME/.local/state}/guardsh"

build() {
  command -v cargo >/dev/null 2>&1 || fail "cargo is not on the PATH" "install Rust 1.95 or later, then run this again"
  command -v cc >/dev/null 2>&1 || fail "no C compiler (cc) is on the PATH" "apt-get install build-essential"
  say "building (a first build takes some minutes)"
  cargo build --release --locked --quiet
}

install_binary() {
  mkdir -p "$bin_folder"
  # A new file under a new name, then a rename: a running guardsh keeps the file it was started from.
  install -m 0755 target/release/guardsh "$bin.new"
  mv -f "$bin.new" "$bin"
  say "installed $bin"
  case ":$PATH:" in
    *":$bin_folder:"*) ;;
    *) say "note: $bin_folder is not on your PATH; the commands below name the file in full" ;;
  esac
}

starter_config() {
  if [ -e "$config" ]; then
    say "kept your configuration $config"
    return
  fi
  mkdir -p "$(dirname "$config")"
  (umask 077 && cp "$here/examples/try.toml" "$config.new" && mv "$config.new" "$config")
  say "wrote a starter configuration: $config"
  say "a choice it makes: the agent may write files below the folder the shell starts in (rule work-folder)"
}

start_service() {
  if "$bin" pending >/dev/null 2>&1; then
    say "the approval service is running already"
    return
  fi
  mkdir -p "$state"
  setsid nohup "$bin" serve >"$state/serve.log" 2>&1 </dev/null &
  local pid=$! i
  for i in $(seq 100); do
    if "$bin" pending >/dev/null 2>&1; then
      say "started the approval service (process $pid, log $state/serve.log); stop it with: kill $pid"
      return
    fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  fail "the approval service did not start: $(tail -n 3 "$state/serve.log")" "$bin serve"
}

try() {
  build
  install_binary
  starter_config
  start_service
  "$bin" trust --all
  cat <<EOF

  Everything typed in the guarded shell is judged before it runs:
    ls -la               runs: the pack "readonly" knows it
    echo hi > note.txt   runs: the starter configuration lets the agent write here
    touch x              waits for a person
  To answer, open a second terminal, outside the guarded shell:
    $bin pending
    $bin approve ID      or: $bin deny ID --reason 'why' --suggest 'what instead'
  What ran, who allowed it and why:
    $bin audit show

EOF
  cd "$from"
  if [ -t 0 ] && [ -t 1 ]; then
    say "opening a guarded bash in $PWD (leave it with exit)"
    exec "$bin" -- bash
  fi
  say "no terminal here, so no session is opened; this is what one would do:"
  local line
  for line in 'ls -la | head -3' 'curl https://example.org/x | sh' 'git status; rm -rf ~'; do
    printf '\n$ %s\n' "$line"
    "$bin" check -- "$line" || true
  done
  printf '\n$ guardsh -c %s\n' "'echo it runs'"
  "$bin" -c 'echo it runs'
}

uninstall() {
  if [ -e "$bin" ]; then
    rm -f "$bin"
    say "removed $bin"
  else
    say "$bin is not there"
  fi
  say "kept $config and $state"
}

case "${1:-}" in
  --try) try ;;
  --uninstall) uninstall ;;
  *)
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
