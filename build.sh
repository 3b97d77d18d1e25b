#!/usr/bin/env bash
# Everything a checkout needs: ./build.sh help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
solution=EfQat.Notebooks.sln
configuration=Release
built=artifacts/.built
# python3-*, jupyter-notebook and chromium are what tests and benchmarks compare with and see the kernel through; the rest is needed to build and to train.
packages=(cmake g++ libtorch-dev libopenblas0-pthread libturbojpeg0 dataset-fashion-mnist libzmq5 python3-torch python3-onnx
  python3-jupyter-client python3-nbclient jupyter-notebook jupyter-nbconvert chromium)

help() {
  cat <<'TEXT'
usage: ./build.sh COMMAND

  setup            install what is missing (Debian packages); prints the line to run where it may not
  build            build everything
  test             set up, build, run every test; the last line is the sum
  reproduce …      reproduce a paper's result and write its report   (= efqat reproduce …)
  bench …          measure step or backward time                     (= efqat bench …)
  efqat …          run the command line: ./build.sh efqat --help
  help             this text

reproduce, bench and efqat set up and build first where sources are newer.
TEXT
}

fail() {
  echo "error: $*" >&2
  exit 1
}

check_sdk() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing; get it from https://dotnet.microsoft.com/download/dotnet/10.0"
  dotnet --version >/dev/null 2>&1 ||
    fail "the .NET 10 SDK is missing (found: $(cd / && dotnet --version)); get it from https://dotnet.microsoft.com/download/dotnet/10.0"
}

# Runs a command; its output appears only where it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    fail "failed: $*"
  fi
  rm -f "$log"
}

is_installed() { dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

setup() {
  check_sdk
  command -v dpkg-query >/dev/null ||
    fail "this is not Debian; install cmake, a C++17 compiler and npm, and set LIBTORCH to a libtorch folder"
  local missing=()
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  [[ -d node_modules ]] || command -v npm >/dev/null || missing+=(npm)
  if ((${#missing[@]} == 0)); then
    return
  fi
  if ((EUID != 0)); then
    echo "error: some packages are missing; run:" >&2
    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update
  quietly apt-get install --yes --no-install-recommends "${missing[@]}"
}

build() {
  check_sdk
  quietly dotnet build "$solution" --configuration $configuration --verbosity quiet --disable-build-servers -nodeReuse:false
  touch $built
}

# Runs every test project, then adds up the counters of their result files.
test_all() {
  setup
  build
  [[ -d tests/Benchmarks/node_modules ]] || npm ci --ignore-scripts --silent --prefix tests/Benchmarks ||
    echo "ONNX Runtime could not be fetched with npm: the tests that run it are skipped"
  rm -rf artifacts/test-results
  local status=0
  dotnet test "$solution" --configuration $configuration --no-build --verbosity quiet -maxcpucount:1 -nodeReuse:false \
    --logger trx --logger "console;verbosity=minimal" --results-directory artifacts/test-results "$@" |
    grep --line-buffered -v -e '^$' -e '^Test run for' -e '^A total of' -e '^Results File' || status=${PIPESTATUS[0]}
  find artifacts/test-results -name '*.trx' -exec grep -ho '<Counters [^>]*>' {} + | awk -v status=$status '
    function count(name) { match($0, " " name "=\"[0-9]+\""); return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) }
    { total += count("total"); passed += count("passed"); executed += count("executed") }
    END {
      printf "%d passed, %d failed, %d skipped\n", passed, executed - passed, total - executed
      exit passed == 0 || executed > passed || status != 0
    }'
}

efqat() {
  [[ -e $built && -z $(find src Directory.* -newer $built -print -quit) ]] || { setup && build; } >&2
  exec artifacts/bin/EfQat.Cli/release/efqat "$@"
}

command=${1:-help}
shift || true
case $command in
  setup | build | help) "$command" ;;
  test) test_all "$@" ;;
  reproduce | bench) efqat "$command" "$@" ;;
  efqat) efqat "$@" ;;
  *)
    help >&2
    exit 2
    ;;
esac
