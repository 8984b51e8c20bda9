use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, octets: &[u8], mode: u32) -> SecretFile {
        let path = self.0.path().join("secret");
        std::fs::write(&path, octets).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        SecretFile::new(path)
    }
}

#[test]
fn a_secret_is_read_by_its_owner_and_its_group() {
    let folder = Folder::new();
    for mode in [0o600, 0o400, 0o440, 0o640] {
        let file = folder.file(b"sesame\n", mode);
        assert_eq!(file.read().unwrap().expose(), b"sesame\n");
        assert_eq!(file.read_text().unwrap(), "sesame");
        std::fs::remove_file(file.path()).unwrap();
    }
}

#[test]
fn only_the_end_of_the_line_is_not_part_of_a_password() {
    let folder = Folder::new();
    assert_eq!(
        folder.file(b" two words \r\n", 0o600).read_text().unwrap(),
        " two words "
    );
    assert_eq!(folder.file(b"no end", 0o600).read_text().unwrap(), "no end");
    assert_eq!(folder.file(b"two\n\n", 0o600).read_text().unwrap(), "two\n");
}

#[test]
fn a_secret_that_others_may_open_is_refused_with_what_to_do() {
    let folder = Folder::new();
    for mode in [0o644, 0o604, 0o602, 0o601, 0o666] {
        let file = folder.file(b"sesame", mode);
        let error = file.read().unwrap_err().to_string();
        assert!(
            error.contains(&format!("mode {mode:03o}")) && error.contains("chmod 600"),
            "{error}"
        );
        assert!(!error.contains("sesame"), "{error}");
        std::fs::remove_file(file.path()).unwrap();
    }
}

#[test]
fn what_is_no_secret_is_refused() {
    let folder = Folder::new();
    assert!(matches!(
        folder.file(b"", 0o600).read(),
        Err(SecretError::Empty(_))
    ));
    assert!(matches!(
        folder.file(b" \n", 0o600).read(),
        Err(SecretError::Empty(_))
    ));
    assert!(matches!(
        folder.file(b"\xff\xfe", 0o600).read_text(),
        Err(SecretError::NotText(_))
    ));
    let most = usize::try_from(SECRET_OCTETS_MAX).unwrap();
    assert!(folder.file(&vec![b'x'; most], 0o600).read().is_ok());
    assert!(matches!(
        folder.file(&vec![b'x'; most + 1], 0o600).read(),
        Err(SecretError::TooLong(_))
    ));
    assert!(matches!(
        SecretFile::new(folder.0.path()).read(),
        Err(SecretError::NotAFile(_))
    ));
    let nowhere = SecretFile::new(folder.0.path().join("nowhere"));
    assert!(matches!(nowhere.read(), Err(SecretError::CannotRead { .. })));
}

#[test]
fn a_secret_cannot_be_printed() {
    let secret = Folder::new().file(b"sesame", 0o600).read().unwrap();
    assert_eq!(format!("{secret:?}"), "Secret");
}
