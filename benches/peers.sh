#!/usr/bin/env bash
# Planewright beside the other generators of Rust clients, on the same documents in one run.
#
#   benches/peers.sh FOLDER DOCUMENT...     FOLDER keeps the installed programs and what they write
#
# For each program and document: what it takes to generate a client, how long that client is, and what `cargo check` of it
# takes once its dependencies are built. CPU seconds are user and system time of all processes; on a busy machine only they
# compare. MB is the most memory that one process had. Ratios are to ours.
#
# Needs GNU time, Java and Python 3. `ONLY="planewright oas3-gen"` chooses programs, `PATIENCE` limits each measured
# command, in seconds (900).
set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
documents=()
for document in "$@"; do documents+=("$(realpath "$document")"); done

patience=${PATIENCE:-900}
only=${ONLY:-planewright progenitor oas3-gen openapi-to-rust openapi-generator}
time=$(command -v /usr/bin/time) || { echo "GNU time is missing" >&2; exit 1; }
export CARGO_INCREMENTAL=0

# --- the programs ---

install_crate() { # PACKAGE PROGRAM
  [ -x "$folder/bin/$2" ] || CARGO_TARGET_DIR=$folder/install cargo install --locked --quiet --root "$folder" "$1"
}

prepare() {
  case $1 in
    planewright) (cd "$root" && CARGO_TARGET_DIR=$folder/ours cargo build --release --quiet --package planewright-cli) ;;
    progenitor) install_crate cargo-progenitor cargo-progenitor ;;
    oas3-gen) install_crate oas3-gen oas3-gen ;;
    openapi-to-rust) install_crate openapi-to-rust openapi-to-rust ;;
    openapi-generator)
      [ -x "$folder/venv/bin/openapi-generator-cli" ] || {
        python3 -m venv "$folder/venv"
        "$folder/venv/bin/pip" install --quiet openapi-generator-cli
      } ;;
    *) echo "there is no program $1" >&2; exit 2 ;;
  esac
}

# The command that writes a crate with a client; it runs in the crate's folder, which is there and empty.
command_of() { # PROGRAM DOCUMENT OUT
  case $1 in
    planewright) command=("$folder/ours/release/planewright" generate "$2" --out "$3" --name peer --emit model,client --runtime "$root") ;;
    progenitor) command=("$folder/bin/cargo-progenitor" progenitor --input "$2" --output "$3" --name peer --version 0.1.0) ;;
    oas3-gen) command=("$folder/bin/oas3-gen" generate client-mod -i "$2" -o "$3" --workspace) ;;
    openapi-to-rust) command=("$folder/bin/openapi-to-rust" generate "$2") ;;
    openapi-generator) command=("$folder/venv/bin/openapi-generator-cli" generate -i "$2" -g rust -o "$3" --package-name peer) ;;
  esac
}

# What a program leaves to its user before the result is a crate of its own.
complete() { # PROGRAM OUT
  if [ "$1" = openapi-to-rust ]; then
    {
      printf '[package]\nname = "peer"\nversion = "0.1.0"\nedition = "2024"\n\n'
      cat "$2/src/generated/REQUIRED_DEPS.toml"
    } > "$2/Cargo.toml"
    echo 'pub mod generated;' > "$2/src/lib.rs"
  fi
  # Not a member of whatever workspace the folder stands in.
  grep -q '^\[workspace\]' "$2/Cargo.toml" || printf '\n[workspace]\n' >> "$2/Cargo.toml"
}

# --- measuring ---

# Sets `status`, `cpu`, `wall`, `megabytes`.
measure() { # LOG COMMAND...
  local log=$1 user system kilobytes
  shift
  status=0
  "$time" -q -f '%e %U %S %M' -o "$log.time" timeout "$patience" "$@" > "$log" 2>&1 || status=$?
  read -r wall user system kilobytes < <(tail -n 1 "$log.time")
  cpu=$(awk "BEGIN { printf \"%.2f\", $user + $system }")
  megabytes=$((kilobytes / 1024))
}

lines_of() { find "$1" -name '*.rs' -not -path '*/target/*' -exec cat {} + | wc -l; }

outcome() { # STATUS LOG
  case $1 in
    0) echo ok ;;
    124) echo "over $patience s" ;;
    *) errors=$(grep -c '^error' "$2" || true); echo "failed ($errors errors)" ;;
  esac
}

ratio() { awk "BEGIN { if ($2 > 0) printf \"%.1f\", $1 / $2; else printf \"-\" }"; }

print_row() {
  printf '%-20s %-18s %8s %7s %6s %6s %9s | %8s %7s %6s %6s  %s\n' "$@"
}

one() { # PROGRAM DOCUMENT
  local program=$1 document=$2 name out generated lines result
  name=$(basename "${document%.*}")
  out=$folder/out/$program/$name
  rm -rf "$out"
  mkdir -p "$out/src"
  command_of "$program" "$document" "$out"
  cd "$out"
  measure "$folder/out/$program/$name.generate.log" "${command[@]}"
  cd "$folder"
  if [ "$program" = planewright ]; then base=$cpu; fi
  generated=("$cpu" "$wall" "$megabytes" "$(ratio "$cpu" "${base:-0}")")
  result=$(outcome "$status" "$folder/out/$program/$name.generate.log")
  if [ "$result" != ok ]; then
    print_row "$name" "$program" "${generated[@]}" - - - - - "generate: $result"
    return
  fi
  complete "$program" "$out"
  lines=$(lines_of "$out")
  # What every crate of the program needs is built first: the crate itself, emptied, stands for them.
  export CARGO_TARGET_DIR=$folder/check/$program
  cp -r "$out/src" "$out/src.full"
  find "$out/src" -name '*.rs' -exec sh -c ': > "$1"' _ {} \;
  (cd "$out" && cargo check --lib --quiet > "$folder/out/$program/$name.dependencies.log" 2>&1) || true
  rm -rf "$out/src"
  mv "$out/src.full" "$out/src"
  find "$out/src" -name '*.rs' -exec touch {} +
  cd "$out"
  measure "$folder/out/$program/$name.check.log" cargo check --lib
  cd "$folder"
  unset CARGO_TARGET_DIR
  if [ "$program" = planewright ]; then check_base=$cpu; fi
  result=$(outcome "$status" "$folder/out/$program/$name.check.log")
  print_row "$name" "$program" "${generated[@]}" "$lines" "$cpu" "$wall" "$megabytes" \
    "$(ratio "$cpu" "${check_base:-0}")" "check: $result"
}

for program in $only; do
  echo "preparing $program" >&2
  prepare "$program"
done
print_row document program "gen cpu" wall MB ratio lines "chk cpu" wall MB ratio result
for document in "${documents[@]}"; do
  base=0 check_base=0
  for program in $only; do one "$program" "$document"; done
done
