//! The command `wasm-bindgen-test-runner`.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())?)
}
