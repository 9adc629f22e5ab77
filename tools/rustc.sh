#!/bin/sh
# Cargo's RUSTC_WRAPPER when the .wasm is compiled: compiles two crates, wasm-bindgen and crypto-bigint, otherwise than Cargo can be told to.
#
# wasm-bindgen keeps JavaScript's values in an array of its script, as before WebAssembly had references: 0.5 KB less of the package. Its build
# script asks only what the compiler may use. If that were forbidden for our crates, the standard library's functions would be inlined nowhere.
# (The tests of wasm/ have references: their runner sees what the compiler may use, which scripts/build.mjs hides from wasm-bindgen.)
#
# crypto-bigint computes in words of 32 bits, as WebAssembly has no product of 64 by 64: 2 KB less of the package, and RSA in V8 is
# 1.6 times as fast. (With the flag for all crates, GHASH would take twice as long.)
#
# And it is compiled from a copy with two changes, for which the crate has no feature or flag:
#
# - It multiplies large numbers as one does at school, of any length: Karatsuba's method, in five sizes, would be 5 KB of the package for
#   one square when a key is read. The length from which it is used is a constant.
# - What a modulus needs is computed by doubling and Montgomery's multiplication (monty-params.rs), and not by division. That would be
#   2 KB, for nothing else divides. wasm/src/monty_params_tests.rs compares it with the crate's own, which divides.
#
# The price: it needs a Unix shell, another RUSTC_WRAPPER is not used, a version of the crate without those lines is refused, and the
# second change is code of our own: it computes with public moduli alone, and its time depends on their lengths alone. To read a key
# of RSA_4096 takes 0.6 ms and not 0.5 (V8). After a change of this file, change the flag `rustc_sh` in .cargo/config.toml, which Cargo sees.
set -eu
case " $* " in
*" --crate-name crypto_bigint "*) ;;
*" --crate-name wasm_bindgen "*/wasm/deps\ *)
  for argument; do
    shift
    case $argument in wbg_reference_types) argument=wbg_no_reference_types ;; esac
    set -- "$@" "$argument"
  done
  exec "$@"
  ;;
*) exec "$@" ;;
esac

before=
for argument; do
  case $argument in */src/lib.rs) crate=${argument%/src/lib.rs} ;; esac
  case $before in --out-dir) copy=$(dirname "$argument")/crypto-bigint ;; esac
  before=$argument
done

# Refuses a crate that has not exactly one such line in a file.
has() {
  if [ "$(grep -c "$2" "$crate/$1")" != 1 ]; then
    echo "tools/rustc.sh: $crate/$1 has no line $2: see what became of it, and whether the package is as small without it" >&2
    exit 1
  fi
}
karatsuba=src/uint/mul/karatsuba.rs
least='^pub const MIN_STARTING_LIMBS: usize = 16;$'
has $karatsuba "$least"
params=src/modular/monty_params.rs
new='^        pub fn new(modulus: Odd<crate::uint::boxed::BoxedUint>) -> Self {$'
has $params "$new"

# With the times of the original, or Cargo would take the copy for changed and compile it at every build.
rm -rf "$copy"
cp -Rp "$crate" "$copy"
sed "s/$least/pub const MIN_STARTING_LIMBS: usize = usize::MAX;/" "$crate/$karatsuba" >"$copy/$karatsuba"
# The function's lines, up to the first brace as far in as its own.
sed -e "/$new/,/^        }\$/{" -e "/$new/r $(dirname "$0")/monty-params.rs" -e d -e '}' "$crate/$params" >"$copy/$params"
for changed in $karatsuba $params; do touch -r "$crate/$changed" "$copy/$changed"; done

# The same command, with the copy in the original's place.
count=$#
while [ "$count" -gt 0 ]; do
  case $1 in */src/lib.rs) set -- "$@" "$copy/src/lib.rs" ;; *) set -- "$@" "$1" ;; esac
  shift
  count=$((count - 1))
done
exec "$@" --cfg 'cpubits="32"'
