//! Where the numbers of an axis are: at 1, 2, 5, 10, 20 and so on, or at every so many of these.

/// Numbers along an axis, at most about: there is more room across than up.
pub(super) const ACROSS: f64 = 12.0;
pub(super) const UP: f64 = 6.0;
/// More powers than that have only their tens written.
const POWERS: usize = 10;

/// An axis with its ends.
pub(super) struct Scale {
    ends: (f64, f64),
    by_powers: bool,
    numbers: f64,
}

impl Scale {
    /// One that has room for all of these, with so many numbers.
    pub(super) fn new(values: impl Iterator<Item = f64>, by_powers: bool, numbers: f64) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (least, most) = finite.fold((f64::MAX, 0.0_f64), |(least, most), value| {
            let positive = if value > 0.0 { least.min(value) } else { least };
            (positive, most.max(value))
        });
        let ends = if by_powers {
            let (least, most) = if most > 0.0 { (least, most) } else { (1.0, 10.0) };
            let (low, high) = (power_at_most(least), power_at_least(most));
            if low < high {
                (low, high)
            } else {
                (low / 2.0, high * 2.0)
            }
        } else {
            let step = step(most / numbers);
            (0.0, (most / step - 1e-9).ceil().max(1.0) * step)
        };
        Self {
            ends,
            by_powers,
            numbers,
        }
    }

    /// How far along the axis a value is, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (low, high) = self.ends;
        let part = if self.by_powers {
            (value.max(low) / low).ln() / (high / low).ln()
        } else {
            (value - low) / (high - low)
        };
        part.clamp(0.0, 1.0)
    }

    /// Where numbers are written.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.ends;
        if !self.by_powers {
            let step = step(high / self.numbers);
            let count = (high / step).round() as u32;
            return (0..=count).map(|number| f64::from(number) * step).collect();
        }
        let first = low.log10().floor() as i32;
        let last = high.log10().ceil() as i32;
        let within = |value: &f64| (low * 0.999..=high * 1.001).contains(value);
        let all = |steps: &'static [f64]| {
            let powers = (first..=last).map(|power| 10_f64.powi(power));
            let values = powers.flat_map(|power| steps.iter().map(move |step| step * power));
            values.filter(within).collect::<Vec<f64>>()
        };
        let fine = all(&[1.0, 2.0, 5.0]);
        if fine.len() <= POWERS { fine } else { all(&[1.0]) }
    }
}

/// Between two numbers, where even ones would be so far apart.
fn step(even: f64) -> f64 {
    if even > 0.0 { power_at_least(even) } else { 1.0 }
}

/// The next of 1, 2, 5, 10, 20 and so on that is not less.
fn power_at_least(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    let found = steps.into_iter().find(|step| *step >= value * (1.0 - 1e-9));
    found.unwrap_or(10.0 * power)
}

/// The next that is not more.
fn power_at_most(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [5.0, 2.0, 1.0].map(|step| step * power);
    let found = steps.into_iter().find(|step| *step <= value * (1.0 + 1e-9));
    found.unwrap_or(power)
}

/// A number of an axis, with the decimals that it has.
pub(super) fn label(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], by_powers: bool) -> Vec<String> {
        let scale = Scale::new(values.iter().copied(), by_powers, UP);
        scale.ticks().into_iter().map(label).collect()
    }

    #[test]
    fn an_axis_ends_at_a_round_number_above_all_and_has_round_steps() {
        assert_eq!(labels(&[21.2], false), ["0", "5", "10", "15", "20", "25"]);
        assert_eq!(labels(&[0.48], false), ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(&[168.0], false), ["0", "50", "100", "150", "200"]);
        assert_eq!(labels(&[12.0], false), ["0", "2", "4", "6", "8", "10", "12"]);
        assert_eq!(labels(&[], false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&[0.0], false), labels(&[], false));
    }

    #[test]
    fn powers_begin_and_end_around_all() {
        assert_eq!(labels(&[130.0, 640.0], true), ["100", "200", "500", "1000"]);
        assert_eq!(
            labels(&[2.5, 300.0], true),
            ["2", "5", "10", "20", "50", "100", "200", "500"]
        );
        assert_eq!(labels(&[2.5, 30_000.0], true), ["10", "100", "1000", "10000"]);
        assert_eq!(labels(&[10.0], true), ["5", "10", "20"]);
        assert_eq!(labels(&[], true), ["1", "2", "5", "10"]);
    }

    #[test]
    fn a_place_is_within_the_ends() {
        let near = |is: f64, expected: f64| assert!((is - expected).abs() < 1e-9, "{is}");
        let even = Scale::new([25.0].into_iter(), false, UP);
        near(even.place(5.0), 0.2);
        near(even.place(-1.0), 0.0);
        let powers = Scale::new([1.0, 100.0].into_iter(), true, UP);
        near(powers.place(10.0), 0.5);
        near(powers.place(0.0), 0.0);
        near(powers.place(1e9), 1.0);
    }
}
