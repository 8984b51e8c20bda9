use super::*;

/// Every element is closed in its order, every attribute is quoted, and no sign is left that would be markup.
pub(crate) fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg.trim_end();
    while let Some(begins) = rest.find('<') {
        let between = &rest[..begins];
        assert!(!between.contains('>'), "{between:?}");
        for entity in between.split('&').skip(1) {
            let name = entity.split(';').next().unwrap_or_default();
            assert!(["amp", "lt", "gt"].contains(&name), "&{entity}");
        }
        let ends = begins + rest[begins..].find('>').expect("what is opened is closed");
        let inside = &rest[begins + 1..ends];
        assert!(inside.matches('"').count().is_multiple_of(2), "{inside}");
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !inside.ends_with('/') {
            open.push(inside.split(' ').next().unwrap_or_default());
        }
        rest = &rest[ends + 1..];
    }
    assert!(rest.is_empty() && open.is_empty(), "{rest:?} {open:?}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

fn chart(points: &[(f64, f64)]) -> Chart {
    Chart {
        title: "latency, ms".to_owned(),
        lines: vec![Line {
            name: "p99",
            colour: RED,
            points: points.to_vec(),
            is_crosses: false,
        }],
        ..Chart::default()
    }
}

fn drawn(chart: Chart) -> String {
    let picture = Picture {
        title: "<one> & two".to_owned(),
        under: String::new(),
        charts: vec![chart],
    };
    let svg = picture.draw();
    assert_well_formed(&svg);
    svg
}

#[test]
fn a_line_has_a_point_for_each_value_within_its_panel() {
    let svg = drawn(chart(&[(1.0, 5.0), (2.0, 20.0)]));
    // Both axes end at the highest value; the panel is 796 wide from 76, and 170 high from 94.
    assert!(svg.contains("points=\"474.0,221.5 872.0,94.0\""), "{svg}");
    assert!(svg.contains("&lt;one&gt; &amp; two"), "{svg}");
}

#[test]
fn a_single_point_is_seen() {
    let svg = drawn(chart(&[(0.3, 200.0)]));
    assert!(svg.contains("<circle"), "{svg}");
}

#[test]
fn what_is_not_known_is_a_gap() {
    let points = [
        (1.0, 5.0),
        (2.0, 6.0),
        (3.0, f64::NAN),
        (4.0, 5.0),
        (5.0, f64::NAN),
        (6.0, 5.0),
        (7.0, 5.0),
    ];
    let svg = drawn(chart(&points));
    assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
    assert_eq!(svg.matches("<circle").count(), 5, "{svg}");
}

#[test]
fn nothing_is_a_picture_too() {
    drawn(chart(&[]));
    let mut powers = chart(&[]);
    (powers.across.by_powers, powers.up.by_powers) = (true, true);
    drawn(powers);
}

#[test]
fn limits_and_what_happened_are_within_the_panel() {
    let mut chart = chart(&[(1.0, 5.0), (2.0, 20.0)]);
    chart.limit = Some((50.0, "promised".to_owned()));
    chart.span = Some(Span {
        from: 1.0,
        to: 4.0,
        text: "drain".to_owned(),
    });
    let svg = drawn(chart);
    assert!(svg.contains("M76 94.0H872\" stroke=\"#c0392b\""), "{svg}");
    assert!(svg.contains("<rect x=\"275.0\""), "{svg}");
}

#[test]
fn what_broke_is_a_cross() {
    let mut chart = chart(&[(1.0, 5.0), (2.0, 20.0)]);
    chart.lines[0].is_crosses = true;
    let svg = drawn(chart);
    assert!(
        !svg.contains("polyline") && svg.matches("l8 8").count() == 3,
        "{svg}"
    );
}
