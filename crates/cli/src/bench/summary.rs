//! What samples come down to.

use serde::Serialize;

/// Samples in a few numbers, in nanoseconds a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub median: f64,
    pub p10: f64,
    pub p90: f64,
    pub min: f64,
    pub max: f64,
    /// How far p10 and p90 are apart, as a share of the median.
    pub spread: f64,
}

impl Summary {
    /// `None` without samples.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let [p10, median, p90] = [0.1, 0.5, 0.9].map(|share| quantile(&sorted, share));
        Some(Self {
            median,
            p10,
            p90,
            min,
            max,
            spread: share(p90 - p10, median),
        })
    }
}

/// A quotient that is always a number, as JSON needs it.
pub fn share(part: f64, whole: f64) -> f64 {
    match whole > 0.0 {
        true => part / whole,
        false => 0.0,
    }
}

/// Between the two neighbours, in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summarises_in_any_order() {
        let samples: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        let summary = Summary::of(&samples).unwrap();
        assert_eq!(
            (summary.p10, summary.median, summary.p90),
            (10.0, 50.0, 90.0)
        );
        assert_eq!(
            (summary.min, summary.max, summary.spread),
            (0.0, 100.0, 1.6)
        );
        let two = Summary::of(&[3.0, 1.0]).unwrap();
        assert_eq!((two.median, two.p10), (2.0, 1.2));
    }

    #[test]
    fn few_samples_are_no_trouble() {
        assert_eq!(Summary::of(&[]), None);
        let one = Summary::of(&[7.0]).unwrap();
        assert_eq!(
            (one.p10, one.median, one.p90, one.spread),
            (7.0, 7.0, 7.0, 0.0)
        );
        assert_eq!(Summary::of(&[0.0]).unwrap().spread, 0.0);
    }
}
