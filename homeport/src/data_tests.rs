use super::*;

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

#[cfg(unix)]
#[test]
fn a_new_folder_is_for_its_owner_only() {
    let above = tempfile::tempdir().unwrap();
    let path = above.path().join("data");
    let data = DataDir::create(&path).unwrap();
    assert_eq!(mode(data.path()), 0o700);
    // Again is no mistake.
    DataDir::create(&path).unwrap();
}

#[test]
fn a_folder_that_is_missing_or_none_is_refused_by_its_name() {
    let above = tempfile::tempdir().unwrap();
    let missing = above.path().join("data");
    assert!(matches!(DataDir::open(&missing), Err(Error::Missing(path)) if path == missing));
    let deep = missing.join("deeper");
    assert!(matches!(DataDir::create(&deep), Err(Error::CannotMake { path, .. }) if path == deep));
    let file = above.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(DataDir::create(&file), Err(Error::NotAFolder(path)) if path == file));
    assert!(matches!(
        DataDir::open(&file.join("x")),
        Err(Error::NotAFolder(_))
    ));
}

#[tokio::test]
async fn only_who_may_make_a_store_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let refused = data.existing_store().await.err().unwrap();
    assert!(matches!(refused.downcast_ref(), Some(Error::NoStore(_))));
    assert!(!data.has_store());
    data.open_store().await.unwrap().close().await;
    assert!(data.has_store());
    data.existing_store().await.unwrap().close().await;
}

#[cfg(unix)]
#[test]
fn a_private_file_is_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for text in ["first", "second"] {
        // As if a writer had died with the file half written.
        std::fs::write(folder.path().join("secret.new"), "half").unwrap();
        write_private(&path, text).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(mode(&path), 0o600);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("none").join("secret");
    assert!(matches!(
        write_private(&nowhere, ""),
        Err(Error::CannotWrite { .. })
    ));
}

#[test]
fn what_ran_here_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    assert_eq!(data.recorded().unwrap(), None);
    let recorded = Recorded::new("lab", Some("chat.example"));
    data.record(&recorded).unwrap();
    assert_eq!(data.recorded().unwrap(), Some(recorded));
    std::fs::write(folder.path().join(RECORD), "name = \"lab\"").unwrap();
    assert!(matches!(data.recorded(), Err(Error::BadRecord { .. })));
}
