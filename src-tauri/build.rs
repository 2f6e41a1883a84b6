//! Points Tauri's build at `src-tauri/`, whose capabilities it would otherwise silently ignore.

use tauri_build::{AppManifest, Attributes};

const CAPABILITIES: &str = "src-tauri/capabilities/**/*";
const PERMISSIONS: &str = "src-tauri/permissions/**/*.toml";

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    let attributes = Attributes::new()
        .capabilities_path_pattern(CAPABILITIES)
        .app_manifest(AppManifest::new().permissions_path_pattern(PERMISSIONS));
    tauri_build::try_build(attributes)
        .expect("tauri.conf.json and src-tauri/capabilities must be valid");
}
