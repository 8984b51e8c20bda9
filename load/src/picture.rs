//! A picture of a run: latency, rate, and what the server used, over time.

use crate::Report;
use crate::timing::Piece;
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 60.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 50.0;
/// Lines across a panel.
const LINES: u32 = 4;
/// Seconds that are written below it, at most.
const SECONDS: usize = 10;

/// A line in a panel.
struct Line {
    name: &'static str,
    colour: &'static str,
    values: Vec<f64>,
}

/// A picture in itself.
struct Panel {
    title: &'static str,
    lines: Vec<Line>,
}

impl Report {
    /// The run as SVG. Names nobody, and needs nothing from elsewhere.
    #[must_use]
    pub fn picture(&self) -> String {
        let pieces = &self.series;
        let panels = panels(pieces);
        let height = TOP + panels.len() as f64 * (PANEL + GAP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} \
             {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" \
             fill=\"white\"/>\n"
        );
        text(&mut svg, (LEFT, 22.0), "font-size=\"16\"", &self.title());
        let under = format!(
            "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; lost {}, doubled {}, out of order {}",
            self.times.p50_ms,
            self.times.p99_ms,
            self.times.max_ms,
            self.counts.lost,
            self.counts.doubled,
            self.counts.reordered
        );
        text(&mut svg, (LEFT, 40.0), "fill=\"#555\"", &under);
        let seconds = pieces.last().map_or(1.0, |piece| piece.at).max(0.001);
        for (number, panel) in panels.iter().enumerate() {
            let top = TOP + number as f64 * (PANEL + GAP) + 16.0;
            panel.draw(&mut svg, top, pieces, seconds);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn title(&self) -> String {
        format!(
            "{}: {} users via {}, {:.1}/s",
            self.scenario, self.users, self.via, self.per_second
        )
    }
}

fn panels(pieces: &[Piece]) -> Vec<Panel> {
    let line = |name, colour, value: fn(&Piece) -> f64| Line {
        name,
        colour,
        values: pieces.iter().map(value).collect(),
    };
    let mut panels = vec![
        Panel {
            title: "latency, ms",
            lines: vec![
                line("max", "#d0d0d0", |piece| piece.max_ms),
                line("p99", "#c0392b", |piece| piece.p99_ms),
                line("p50", "#2471a3", |piece| piece.p50_ms),
            ],
        },
        Panel {
            title: "done in each piece",
            lines: vec![line("done", "#1e8449", |piece| piece.done as f64)],
        },
    ];
    if pieces.iter().any(|piece| piece.server_rss_mb.is_some()) {
        panels.push(Panel {
            title: "server memory, MB",
            lines: vec![line("resident", "#7d3c98", |piece| {
                piece.server_rss_mb.unwrap_or(0.0)
            })],
        });
        panels.push(Panel {
            title: "server processors",
            lines: vec![line("busy", "#b9770e", |piece| piece.server_cores.unwrap_or(0.0))],
        });
    }
    panels
}

impl Panel {
    fn draw(&self, svg: &mut String, top: f64, pieces: &[Piece], seconds: f64) {
        let values = self.lines.iter().flat_map(|line| &line.values);
        let most = round_up(values.fold(0.0, |most, value| value.max(most)));
        let x = |at: f64| LEFT + (WIDTH - LEFT - RIGHT) * at / seconds;
        let y = |value: f64| top + PANEL * (1.0 - value / most);
        text(svg, (LEFT, top - 8.0), "font-weight=\"bold\"", self.title);
        for step in 0..=LINES {
            let value = most * f64::from(step) / f64::from(LINES);
            let (at, end) = (y(value), WIDTH - RIGHT);
            // Writing to a string cannot fail.
            let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{end}\" stroke=\"#e5e5e5\"/>");
            text(
                svg,
                (LEFT - 6.0, at + 4.0),
                "text-anchor=\"end\" fill=\"#555\"",
                &short(value),
            );
        }
        let every = pieces.len().div_ceil(SECONDS).max(1);
        for piece in pieces.iter().step_by(every) {
            let below = top + PANEL + 14.0;
            let second = format!("{:.0} s", piece.at);
            text(
                svg,
                (x(piece.at), below),
                "text-anchor=\"middle\" fill=\"#555\"",
                &second,
            );
        }
        for (number, line) in self.lines.iter().enumerate() {
            let colour = line.colour;
            let mut points = String::new();
            for (piece, value) in pieces.iter().zip(&line.values) {
                let _ = write!(points, "{:.1},{:.1} ", x(piece.at), y(*value));
            }
            let points = points.trim_end();
            let _ = writeln!(
                svg,
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
            );
            let right = WIDTH - RIGHT - 50.0 * (self.lines.len() - 1 - number) as f64;
            let style = format!("text-anchor=\"end\" fill=\"{colour}\"");
            text(svg, (right, top - 8.0), &style, line.name);
        }
    }
}

/// What is written is the program's own: nothing in it has to be escaped.
fn text(svg: &mut String, (x, y): (f64, f64), style: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{text}</text>");
}

/// The next of 1, 2, 5, 10, 20 and so on.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= value)
        .unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(at: f64, p50_ms: f64, server_rss_mb: Option<f64>) -> Piece {
        Piece {
            at,
            done: 50,
            p50_ms,
            p99_ms: p50_ms * 2.0,
            max_ms: p50_ms * 4.0,
            server_rss_mb,
            server_cores: server_rss_mb.map(|_| 0.5),
        }
    }

    #[test]
    fn a_scale_ends_at_a_round_number_above_all() {
        for (value, most) in [
            (0.0, 1.0),
            (1.0, 1.0),
            (1.2, 2.0),
            (37.0, 50.0),
            (51.0, 100.0),
            (0.03, 0.05),
        ] {
            assert!(
                (round_up(value) - most).abs() < 1e-9,
                "{value}: {}",
                round_up(value)
            );
        }
        assert_eq!([0.25, 5.0, 250.5].map(short), ["0.25", "5", "250"]);
    }

    #[test]
    fn every_line_has_a_point_for_each_piece_within_its_panel() {
        let pieces = [piece(1.0, 2.0, Some(40.0)), piece(2.0, 5.0, Some(41.0))];
        let mut svg = String::new();
        let panel = &panels(&pieces)[0];
        panel.draw(&mut svg, 100.0, &pieces, 2.0);
        // The scale ends at 20, since the longest took that long; 2 ms are a tenth of it.
        assert!(
            svg.contains("points=\"475.0,235.0 880.0,212.5\" fill=\"none\" stroke=\"#2471a3\""),
            "{svg}"
        );
        assert!(svg.contains(">p99</text>") && svg.contains(">2 s</text>") && svg.contains(">20</text>"));
    }

    #[test]
    fn what_is_not_known_of_the_server_is_not_drawn() {
        let titles = |pieces: &[Piece]| panels(pieces).iter().map(|panel| panel.title).collect::<Vec<_>>();
        assert_eq!(
            titles(&[piece(1.0, 2.0, None)]),
            ["latency, ms", "done in each piece"]
        );
        assert_eq!(titles(&[piece(1.0, 2.0, Some(1.0))]).len(), 4);
    }
}
