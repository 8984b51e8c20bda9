//! A picture of a run: latency, rate, and what the server used, over time.

use crate::Report;
use crate::chart::{Axis, BLUE, Chart, GREEN, GREY, Line, OCHRE, PURPLE, Picture, RED};
use crate::timing::Piece;

impl Report {
    /// The run as SVG. Names nobody, and needs nothing from elsewhere.
    #[must_use]
    pub fn picture(&self) -> String {
        let under = format!(
            "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; lost {}, doubled {}, out of order {}",
            self.times.p50_ms,
            self.times.p99_ms,
            self.times.max_ms,
            self.counts.lost,
            self.counts.doubled,
            self.counts.reordered
        );
        let picture = Picture {
            title: self.title(),
            under,
            charts: charts(&self.series),
        };
        picture.draw()
    }

    fn title(&self) -> String {
        format!(
            "{}: {} users via {}, {:.1}/s",
            self.scenario, self.users, self.via, self.per_second
        )
    }
}

fn charts(pieces: &[Piece]) -> Vec<Chart> {
    let line = |name, colour, value: &dyn Fn(&Piece) -> f64| Line {
        name,
        colour,
        points: pieces.iter().map(|piece| (piece.at, value(piece))).collect(),
        is_crosses: false,
    };
    let chart = |title: &str, lines| Chart {
        title: title.to_owned(),
        across: Axis {
            name: "seconds",
            by_powers: false,
        },
        lines,
        ..Chart::default()
    };
    let mut charts = vec![
        chart(
            "latency, ms",
            vec![
                line("max", GREY, &|piece| piece.max_ms),
                line("p99", RED, &|piece| piece.p99_ms),
                line("p50", BLUE, &|piece| piece.p50_ms),
            ],
        ),
        chart(
            "done each second",
            vec![Line {
                name: "done",
                colour: GREEN,
                points: per_second(pieces),
                is_crosses: false,
            }],
        ),
    ];
    if pieces.iter().any(|piece| piece.server_rss_mb.is_some()) {
        let resident = |piece: &Piece| piece.server_rss_mb.unwrap_or(0.0);
        let busy = |piece: &Piece| piece.server_cores.unwrap_or(0.0);
        charts.push(chart(
            "server memory, MB",
            vec![line("resident", PURPLE, &resident)],
        ));
        charts.push(chart("server processors", vec![line("busy", OCHRE, &busy)]));
    }
    charts
}

/// Pieces are closed a little after their second is over: what was done in each is divided by how long it was.
fn per_second(pieces: &[Piece]) -> Vec<(f64, f64)> {
    let mut before = 0.0;
    let each = pieces.iter().map(|piece| {
        let length = (piece.at - before).max(0.001);
        before = piece.at;
        (piece.at, piece.done as f64 / length)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(at: f64, done: u64, server_rss_mb: Option<f64>) -> Piece {
        Piece {
            at,
            done,
            p50_ms: 2.0,
            p99_ms: 4.0,
            max_ms: 8.0,
            server_rss_mb,
            server_cores: server_rss_mb.map(|_| 0.5),
        }
    }

    #[test]
    fn a_constant_rate_is_level_however_long_pieces_are() {
        let rates = per_second(&[
            piece(1.0, 150, None),
            piece(2.25, 188, None),
            piece(3.25, 150, None),
        ]);
        for (_, rate) in rates {
            assert!((rate - 150.0).abs() < 1.0, "{rate}");
        }
    }

    #[test]
    fn every_line_has_a_point_for_each_piece() {
        let pieces = [piece(1.0, 50, Some(40.0)), piece(2.0, 50, Some(41.0))];
        for chart in charts(&pieces) {
            assert!(
                chart.lines.iter().all(|line| line.points.len() == 2),
                "{}",
                chart.title
            );
        }
    }

    #[test]
    fn what_is_not_known_of_the_server_is_not_drawn() {
        let titles = |pieces: &[Piece]| {
            charts(pieces)
                .into_iter()
                .map(|chart| chart.title)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            titles(&[piece(1.0, 50, None)]),
            ["latency, ms", "done each second"]
        );
        assert_eq!(titles(&[piece(1.0, 50, Some(1.0))]).len(), 4);
    }
}
