//! The command `wasm-bindgen`.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())?)
}
