//! Sections of which each is about one domain: `[[offline]]`, `[[archive]]`.

use daemon::config::Mistakes;
use rvp::Domain;

/// Notes which of the sections of this name are about no domain, or about one that another is about.
pub(super) fn check<'a>(name: &str, domains: impl IntoIterator<Item = &'a str>, mistakes: &mut Mistakes) {
    let key = format!("{name}.domain");
    let mut known = Vec::new();
    for text in domains {
        match Domain::parse(text) {
            Err(_) => {
                let wrong = format_args!(
                    "is {text:?}; write the host in the addresses of its people, domain = \"im.example.com\""
                );
                mistakes.add(&key, wrong);
            }
            Ok(domain) if known.contains(&domain) => {
                let wrong = format_args!("is {domain} twice; write one [[{name}]] for each domain");
                mistakes.add(&key, wrong);
            }
            Ok(domain) => known.push(domain),
        }
    }
}
