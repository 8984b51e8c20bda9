//! One description for each family of metrics. Several roles of one process register the same metrics, each
//! with its own label, and the library then describes them once for each; the format allows it only once.

use std::collections::HashMap;

/// The lines that describe one family, and its samples.
#[derive(Default)]
struct Family<'a> {
    described: Vec<&'a str>,
    samples: Vec<&'a str>,
}

/// Puts the samples of equal families below one description, in the order in which families first appear.
pub(super) fn merge(text: &str) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut families: HashMap<&str, Family<'_>> = HashMap::new();
    let mut current = "";
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(name) = line.strip_prefix("# ").and_then(|line| line.split(' ').nth(1)) {
            current = name;
        }
        let family = families.entry(current).or_insert_with(|| {
            order.push(current);
            Family::default()
        });
        let lines = if line.starts_with("# ") {
            &mut family.described
        } else {
            &mut family.samples
        };
        if !line.starts_with("# ") || !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut merged = String::with_capacity(text.len());
    for family in order.into_iter().filter_map(|name| families.remove(name)) {
        for line in family.described.into_iter().chain(family.samples) {
            merged.push_str(line);
            merged.push('\n');
        }
    }
    merged + "# EOF\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_described_once_with_the_samples_of_every_role_below_it() {
        let text = "\
# HELP users People.
# TYPE users gauge
users{member=\"home-1\"} 1
# HELP asked Requests.
# TYPE asked counter
asked_total{member=\"home-1\"} 5
# HELP users People.
# TYPE users gauge
users{member=\"home-2\"} 2
# EOF
";
        let merged = "\
# HELP users People.
# TYPE users gauge
users{member=\"home-1\"} 1
users{member=\"home-2\"} 2
# HELP asked Requests.
# TYPE asked counter
asked_total{member=\"home-1\"} 5
# EOF
";
        assert_eq!(merge(text), merged);
        assert_eq!(merge(merged), merged);
    }
}
