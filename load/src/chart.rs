//! Charts as SVG: lines over an axis that begins at nought or goes by powers, with what is to be told beside them. A
//! picture names nobody and needs nothing from elsewhere.

mod ticks;

use std::fmt::Write as _;
use ticks::{ACROSS, Scale, UP, label};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 66.0;
const PANEL: f64 = 170.0;
/// Below a panel: its numbers, and the name of what they count.
const BELOW: f64 = 44.0;
/// Above a panel: its title and the names of its lines.
const ABOVE: f64 = 28.0;
/// As wide as a letter is at most on average.
const LETTER: f64 = 7.0;
/// Points that are drawn as dots, beside their line.
const DOTS_MOST: usize = 60;

/// Around text that lies on lines.
const HALO: &str = "stroke=\"white\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"";

/// Colours that are told from each other, and from the paper.
pub(crate) const BLUE: &str = "#2471a3";
pub(crate) const RED: &str = "#c0392b";
pub(crate) const GREY: &str = "#8a8a8a";
pub(crate) const GREEN: &str = "#1e8449";
pub(crate) const PURPLE: &str = "#7d3c98";
pub(crate) const OCHRE: &str = "#b9770e";

/// A picture: charts below each other.
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) under: String,
    pub(crate) charts: Vec<Chart>,
}

/// A chart.
#[derive(Default)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) across: Axis,
    pub(crate) up: Axis,
    pub(crate) lines: Vec<Line>,
    /// A time in which something happened.
    pub(crate) span: Option<Span>,
    /// What is not to be exceeded.
    pub(crate) limit: Option<(f64, String)>,
}

/// One of its axes.
#[derive(Default)]
pub(crate) struct Axis {
    /// What is counted.
    pub(crate) name: &'static str,
    /// By powers, and not from nought.
    pub(crate) by_powers: bool,
}

impl Axis {
    pub(crate) fn by_powers(name: &'static str) -> Self {
        Self {
            name,
            by_powers: true,
        }
    }
}

/// A line.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) colour: &'static str,
    /// One whose height is no number is a gap.
    pub(crate) points: Vec<(f64, f64)>,
    /// The points alone, as crosses.
    pub(crate) is_crosses: bool,
}

/// From when until when something happened.
pub(crate) struct Span {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) text: String,
}

impl Picture {
    pub(crate) fn draw(&self) -> String {
        let height = TOP + self.charts.len() as f64 * (ABOVE + PANEL + BELOW);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} \
             {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" \
             fill=\"white\"/>\n"
        );
        text(
            &mut svg,
            (LEFT, 26.0),
            "font-size=\"17\" font-weight=\"bold\"",
            &self.title,
        );
        text(&mut svg, (LEFT, 46.0), "fill=\"#555\"", &self.under);
        let mut top = TOP;
        for chart in &self.charts {
            chart.draw(&mut svg, top + ABOVE);
            top += ABOVE + PANEL + BELOW;
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Where things are in a panel.
struct Frame {
    across: Scale,
    up: Scale,
    top: f64,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * self.across.place(value)
    }

    fn y(&self, value: f64) -> f64 {
        self.top + PANEL * (1.0 - self.up.place(value))
    }
}

impl Chart {
    fn draw(&self, svg: &mut String, top: f64) {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        let span = self.span.iter().flat_map(|span| [span.from, span.to]);
        let limit = self.limit.iter().map(|(limit, _)| *limit);
        let frame = Frame {
            across: Scale::new(
                points().map(|(x, _)| x).chain(span),
                self.across.by_powers,
                ACROSS,
            ),
            up: Scale::new(points().map(|(_, y)| y).chain(limit), self.up.by_powers, UP),
            top,
        };
        self.draw_span(svg, &frame);
        self.draw_grid(svg, &frame);
        for line in &self.lines {
            line.draw(svg, &frame);
        }
        self.draw_limit(svg, &frame);
        self.name_span(svg, &frame);
        text(svg, (LEFT, top - 10.0), "font-weight=\"bold\"", &self.title);
        self.draw_names(svg, top - 10.0);
    }

    fn draw_grid(&self, svg: &mut String, frame: &Frame) {
        let (bottom, end) = (frame.top + PANEL, WIDTH - RIGHT);
        for value in frame.up.ticks() {
            let at = frame.y(value);
            // Writing to a string cannot fail.
            let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{end}\" stroke=\"#e2e2e2\"/>");
            let place = (LEFT - 8.0, at + 4.0);
            text(svg, place, "text-anchor=\"end\" fill=\"#555\"", &label(value));
        }
        for value in frame.across.ticks() {
            let at = frame.x(value);
            let _ = writeln!(svg, "<path d=\"M{at:.1} {bottom:.1}v5\" stroke=\"#8a8a8a\"/>");
            let place = (at, bottom + 18.0);
            text(svg, place, "text-anchor=\"middle\" fill=\"#555\"", &label(value));
        }
        let _ = writeln!(svg, "<path d=\"M{LEFT} {bottom:.1}H{end}\" stroke=\"#8a8a8a\"/>");
        let place = ((LEFT + end) / 2.0, bottom + 34.0);
        text(
            svg,
            place,
            "text-anchor=\"middle\" fill=\"#555\"",
            self.across.name,
        );
    }

    fn draw_span(&self, svg: &mut String, frame: &Frame) {
        let Some(span) = &self.span else {
            return;
        };
        let (from, width) = span.place(frame);
        let top = frame.top;
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{PANEL}\" fill=\"#f6e3b4\"/>"
        );
    }

    /// Above the lines, so that it can be read whatever they do.
    fn name_span(&self, svg: &mut String, frame: &Frame) {
        if let Some(span) = &self.span {
            let (from, width) = span.place(frame);
            let place = (from + width + 6.0, frame.top + 14.0);
            text(svg, place, &format!("fill=\"#7a5a00\" {HALO}"), &span.text);
        }
    }

    fn draw_limit(&self, svg: &mut String, frame: &Frame) {
        let Some((limit, said)) = &self.limit else {
            return;
        };
        let (at, end) = (frame.y(*limit), WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{end}\" stroke=\"{RED}\" stroke-dasharray=\"6 4\"/>"
        );
        let place = (LEFT + 6.0, at - 5.0);
        text(
            svg,
            place,
            &format!("fill=\"{RED}\" font-size=\"11\" {HALO}"),
            said,
        );
    }

    /// The names of the lines, from the right end.
    fn draw_names(&self, svg: &mut String, at: f64) {
        let mut right = WIDTH - RIGHT;
        let drawn = self.lines.iter().filter(|line| !line.points.is_empty());
        for line in drawn.rev() {
            let style = format!("text-anchor=\"end\" fill=\"{}\"", line.colour);
            text(svg, (right, at), &style, line.name);
            let width = line.name.chars().count() as f64 * LETTER;
            let (key, colour) = (right - width - 10.0, line.colour);
            if line.is_crosses {
                cross(svg, (key - 6.0, at - 4.0), colour);
            } else {
                let (from, middle) = (key - 14.0, at - 4.0);
                let _ = writeln!(
                    svg,
                    "<path d=\"M{from:.1} {middle:.1}h14\" stroke=\"{colour}\" stroke-width=\"3\"/>"
                );
            }
            right = key - 32.0;
        }
    }
}

impl Span {
    /// Where it begins, and how wide it is: never too narrow to be seen.
    fn place(&self, frame: &Frame) -> (f64, f64) {
        let (from, to) = (frame.x(self.from), frame.x(self.to));
        (from, (to - from).max(1.5))
    }
}

impl Line {
    fn draw(&self, svg: &mut String, frame: &Frame) {
        let colour = self.colour;
        let is_known = |(_, y): &(f64, f64)| y.is_finite();
        if self.is_crosses {
            for (x, y) in self.points.iter().copied().filter(is_known) {
                cross(svg, (frame.x(x), frame.y(y)), colour);
            }
            return;
        }
        for part in self.points.split(|point| !is_known(point)) {
            let places: Vec<(f64, f64)> = part.iter().map(|(x, y)| (frame.x(*x), frame.y(*y))).collect();
            draw_part(svg, &places, colour, self.points.len() <= DOTS_MOST);
        }
    }
}

/// A line without a gap.
fn draw_part(svg: &mut String, places: &[(f64, f64)], colour: &str, dots: bool) {
    if let [_, _, ..] = places {
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-linejoin=\"round\"/>",
            points.join(" ")
        );
    }
    // A single point is no line, and would not be seen.
    if dots || places.len() == 1 {
        for (x, y) in places {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>"
            );
        }
    }
}

fn cross(svg: &mut String, (x, y): (f64, f64), colour: &str) {
    let (x, y) = (x - 4.0, y - 4.0);
    let _ = writeln!(
        svg,
        "<path d=\"M{x:.1} {y:.1}l8 8m0 -8l-8 8\" stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\"/>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), style: &str, text: &str) {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{text}</text>");
}

#[cfg(test)]
#[path = "chart/chart_tests.rs"]
pub(crate) mod tests;
