//! Prints one generated file, for reading: `gradus-codegen MODEL OVERLAY FILE`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match print(&arguments) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn print(arguments: &[String]) -> Result<String, String> {
    let [model, overlay, name] = arguments else {
        return Err("usage: gradus-codegen MODEL OVERLAY (shapes|enums|errors|server|client)".to_owned());
    };
    let read = |path: &String| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let files =
        gradus_codegen::generate(&read(model)?, &read(overlay)?).map_err(|error| error.to_string())?;
    let file = files.into_iter().find(|file| file.name == name);
    file.map(|file| file.text).ok_or_else(|| format!("no file is named {name}"))
}
