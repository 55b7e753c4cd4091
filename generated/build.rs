//! Writes the modules `shapes`, `enums`, `errors`, `server` and `client` from the model.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let model = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../model");
    let read = |name: &str| {
        let path = model.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let files = gradus_codegen::generate(&read("step-functions-2016-11-23.json")?, &read("overlay.json")?)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for file in files {
        fs::write(out.join(file.name).with_extension("rs"), file.text)?;
    }
    Ok(())
}
