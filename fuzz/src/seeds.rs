//! Writes the initial inputs of each target, `FOLDER/TARGET/NUMBER`.

use std::path::PathBuf;
use std::{env, fs, io};

use kmseal_fuzz::oracles::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).expect("a folder"));
    for (target, _) in TARGETS {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds(target).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
