//! Builds again when a migration is added: the ones embedded are only known by their folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
