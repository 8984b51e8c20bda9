//! Generates the contract's types and service into `OUT_DIR`: generated code is never committed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "homeport/v1/contacts.proto",
        "homeport/v1/link.proto",
        "homeport/v1/op.proto",
        "homeport/v1/operator.proto",
        "homeport/v1/rvp.proto",
    ];
    // Octets are handed on without copying.
    tonic_prost_build::configure()
        .bytes(".")
        .compile_protos(&files, &["."])?;
    for file in files {
        println!("cargo::rerun-if-changed={file}");
    }
    Ok(())
}
